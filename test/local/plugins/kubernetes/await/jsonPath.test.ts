import { parseJsonPath, select } from "../../../../../local/plugins/kubernetes/await/jsonPath";

const route = {
  metadata: { annotations: { "example.com/a": "1" } },
  status: {
    parents: [
      {
        conditions: [
          { type: "Accepted", status: "True" },
          { type: "Resolved", status: "False" },
        ],
      },
    ],
  },
};

test.each([
  ["{.status.parents[0].conditions[1].status}", ["False"]],
  ["{$.status.parents[-1].conditions[*].status}", ["True", "False"]],
  ['{.metadata.annotations["example.com/a"]}', ["1"]],
  ['{.status.parents[0].conditions[?(@.type=="Accepted")].status}', ["True"]],
  ["{.status.parents[0].conditions[?(@.type!='Accepted')].type}", ["Resolved"]],
  ["{.status.nothing[0]}", []],
])("%s selects %j", (path, found) => {
  expect(select(route, parseJsonPath(`jsonpath=${path}`).steps)).toEqual(found);
});

test("the value follows after a single equals sign", () => {
  const { path, value } = parseJsonPath('jsonpath={.c[?(@.type=="A")].status}=True');
  expect({ path, value }).toEqual({ path: '{.c[?(@.type=="A")].status}', value: "True" });
});

test.each([
  [".status.phase=Ready", "wrapped in brackets"],
  ["{.status.phase}=", "requires a value"],
  ["{.status.phase}Ready", "format should be"],
  ["{.status.phase[}", "cannot read"],
])("%s is refused", (expression, reason) => {
  expect(() => parseJsonPath(`jsonpath=${expression}`)).toThrow(reason);
});
