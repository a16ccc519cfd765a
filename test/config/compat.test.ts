import { loadPolicies } from "../../config/load/policies";
import { inputsIn } from "../folders";
import { aChannel } from "../gates/transitions";
import { Project, problemsOf } from "./files";

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

function load(text: string) {
  project.write("compat/matrix.yaml", text);
  return loadPolicies(project.folder, aChannel({ compat: "compat/matrix.yaml" })).compat();
}

describe("a compatibility matrix", () => {
  test.each(inputsIn("config/compat/good"))("%s is taken", (_, text) => {
    expect(load(text)?.cases.length).toBeGreaterThanOrEqual(4);
  });

  test("is completed by its defaults", () => {
    const [, smallest] = inputsIn("config/compat/good").find(([name]) => name === "smallest")!;
    expect(load(smallest)).toMatchObject({
      report: "reports/compat/{{channel}}/{{version}}.json",
      deadline: 120,
      local: expect.arrayContaining(["docker", "{{image}}"]),
      cases: [{ expectReadable: true, expectedFailedChecks: [] }, {}, {}, { expectReadable: false }],
    });
  });

  test.each(inputsIn("config/compat/bad"))("with %s is refused, with the field", (_, text) => {
    const [, expected] = /^# expect: (.*)$/m.exec(text)!;
    const problems = problemsOf(() => load(text));
    expect(problems[0]).toMatch(new RegExp(`^compat/matrix\\.yaml:\\d+:\\d+ ${expected}`));
  });

  test("that the channel does not name is none", () => {
    expect(loadPolicies(project.folder, aChannel()).compat()).toBeNull();
  });
});
