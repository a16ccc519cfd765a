import { normalize } from "../../../../local/plugins/kubernetes/normalize";
import { canonicalQuantity } from "../../../../local/plugins/kubernetes/quantity";
import { type Bag, unknown } from "../../../../local/plugins/protocol/values";

test.each([
  ["1000m", "1"],
  ["0.5", "500m"],
  ["0.0001", "100u"],
  [1, "1"],
  ["250m", "250m"],
  ["1024Mi", "1Gi"],
  ["1.5Gi", "1536Mi"],
  ["512", "512"],
  ["100000", "100k"],
  ["0.5Ki", "512"],
  ["129M", "129M"],
  ["0", "0"],
  ["0Gi", "0"],
  ["-1000m", "-1"],
  ["1e3", "1e3"],
  ["a lot", "a lot"],
])("the quantity %s is written %s", (written, canonical) => {
  expect(canonicalQuantity(written)).toBe(canonical);
});

const pod = (spec: Bag): Bag => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec });

test("empty lists and zero values that the server leaves out are left out", () => {
  const normalized = normalize(
    pod({ hostNetwork: false, containers: [{ name: "a", image: "b", env: [], stdin: false }] }),
  );
  expect(normalized.spec).toEqual({ containers: [{ name: "a", image: "b" }] });
});

test("an empty volume, and a false that means something, stay", () => {
  const spec = { volumes: [{ name: "a", emptyDir: {} }], automountServiceAccountToken: false };
  expect(normalize(pod(spec)).spec).toEqual(spec);
});

test("the text of labels and ConfigMaps stays as it is", () => {
  const map = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", labels: { limits: "" } },
    data: { value: "" },
  };
  expect(normalize(map)).toEqual(map);
});

test("a custom resource stays as it is", () => {
  const custom = {
    apiVersion: "example.com/v1",
    kind: "A",
    metadata: { name: "a" },
    spec: { limits: { cpu: "1000m" }, env: [] },
  };
  expect(normalize(custom)).toEqual(custom);
});

test("nothing is normalized while a value is not known", () => {
  const spec = { nodeName: unknown, containers: [{ name: "a", env: [] }] };
  expect(normalize(pod(spec)).spec).toEqual(spec);
});

test("the inputs are not changed", () => {
  const inputs = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "a", uid: "1" },
    stringData: { a: "1" },
  };
  const before = structuredClone(inputs);
  normalize(inputs);
  expect(inputs).toEqual(before);
});
