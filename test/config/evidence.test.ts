import { existsSync, readFileSync } from "node:fs";
import { loadPolicies } from "../../config/load/policies";
import { catalogueNames, evidencePolicy } from "../../config/schemas/evidence";
import { aChannel } from "../gates/transitions";
import { messageOf, Project, problemsOf } from "./files";

const project = new Project();
afterAll(() => project.remove());

const load = (text: string) => {
  project.write("evidence.yaml", text);
  return loadPolicies(project.folder, aChannel({ evidence: "evidence.yaml" })).evidence();
};

describe("the evidence policy", () => {
  test("needs no more than a pattern and a schema for a kind", () => {
    expect(load("kinds:\n  probe: { pattern: probe.json, schema: load-probe }\n")).toEqual({
      correlated: false,
      kinds: {
        probe: { pattern: "probe.json", schema: "load-probe", neededAt: "start", when: {}, conditions: [] },
      },
    });
  });

  test.each<[string, string, string]>([
    [
      "a schema that the catalogue has not",
      "{ pattern: a.json, schema: load-prob }",
      'evidence.yaml:2:27 kinds.one.schema: found "load-prob", expected a schema of the catalogue (backup, ',
    ],
    [
      "a placeholder that there is not",
      '{ schema: sbom, pattern: "{{verison}}/{{channel}}.json" }',
      'evidence.yaml:2:24 kinds.one.pattern: found "{{verison}}/{{channel}}.json", expected no other placeholders than {{version}}, {{channel}}, {{hash}}',
    ],
    [
      "a placeholder in single braces",
      '{ schema: sbom, pattern: "reports/{version}.json" }',
      "expected two braces around a placeholder, as in {{version}}",
    ],
    [
      "an order of what is no number",
      "{ pattern: a.json, schema: sbom, conditions: [{ pointer: /version, is: ≥, value: many }] }",
      'evidence.yaml:2:82 kinds.one.conditions.0.value: found "many", expected a number, because ≥ compares numbers',
    ],
    [
      "an operator that there is not",
      "{ pattern: a.json, schema: sbom, conditions: [{ pointer: /version, is: '>=', value: 1 }] }",
      'evidence.yaml:2:75 kinds.one.conditions.0.is: found ">=", expected one of = ≠ ≤ ≥ < >',
    ],
    [
      "a pointer that is none",
      "{ pattern: a.json, schema: sbom, conditions: [{ pointer: version, is: =, value: 1 }] }",
      'kinds.one.conditions.0.pointer: found "version", expected a JSON pointer such as',
    ],
    [
      "a baseline for what is not compared",
      "{ pattern: a.json, schema: sbom, baseline: b.json }",
      'evidence.yaml:2:41 kinds.one.baseline: found "b.json", expected no baseline: only capacity-baseline, dependency-audit, soak are compared with one',
    ],
    [
      "a step that there is not",
      "{ pattern: a.json, schema: sbom, neededAt: later }",
      'evidence.yaml:2:41 kinds.one.neededAt: found "later", expected start, finalize or a weight such as 30',
    ],
    [
      "a change that there is not",
      "{ pattern: a.json, schema: sbom, when: { change: [huge] } }",
      'evidence.yaml:2:58 kinds.one.when.change.0: found "huge", expected major, minor or patch',
    ],
    [
      "the opposite of `migrations`",
      "{ pattern: a.json, schema: sbom, when: { migrations: false } }",
      "kinds.one.when.migrations: found false, expected true, or to be left out",
    ],
    [
      "an age without a unit",
      "{ pattern: a.json, schema: sbom, maxAge: 24 }",
      "evidence.yaml:2:41 kinds.one.maxAge: found 24, expected a duration",
    ],
    [
      "signatures of nobody",
      "{ pattern: a.json, schema: sbom, signedBy: [] }",
      "evidence.yaml:2:41 kinds.one.signedBy: found [], expected at least one role, or to be left out",
    ],
    [
      "a misspelt key",
      "{ pattern: a.json, schema: sbom, maxage: 24h }",
      "evidence.yaml:2:41 kinds.one.maxage: unknown key",
    ],
  ])("tells %s by file, line and field", (_, kind, problem) => {
    const [told, ...others] = problemsOf(() => load(`kinds:\n  one: ${kind}\n`));
    expect(told).toContain(problem);
    expect(others).toEqual([]);
  });

  test("that is gone is told with the key that names it", () => {
    const policies = loadPolicies(project.folder, aChannel({ evidence: "gone.yaml" }));
    expect(messageOf(() => policies.evidence())).toContain(
      "gone.yaml: file not found; it says which evidence is needed (key channel.evidence)",
    );
  });
});

describe("the sample product's policy", () => {
  const sample = loadPolicies(process.cwd(), aChannel({ evidence: "evidence.yaml" })).evidence();

  test("is valid, and asks for every kind of the catalogue's most used", () => {
    expect(Object.values(sample?.kinds ?? {}).map(({ schema }) => schema)).toEqual(
      expect.arrayContaining([
        "sbom",
        "dependency-audit",
        "load-probe",
        "rollback-drill",
        "capacity-baseline",
        "backup",
      ]),
    );
    expect(sample?.correlated).toBe(true);
  });

  test("compares with no report that is not there", () => {
    const missing = Object.values(sample?.kinds ?? {}).filter(
      ({ baseline }) => baseline !== undefined && !existsSync(baseline),
    );
    expect(missing).toEqual([]);
  });

  test.each(["canary", "stable"])("does not stand in the demo's way: %s does not name it", (channel) => {
    expect(readFileSync(`Pulumi.${channel}.yaml`, "utf8")).not.toMatch(/^\s*evidence:/m);
  });
});

describe("the documentation", () => {
  const page = readFileSync("docs/gates/evidence.md", "utf8");

  test.each(Object.keys(evidencePolicy.shape.kinds.valueType.shape))("names the field %s", (field) => {
    expect(page).toContain(`| \`kinds.<name>.${field}\``);
  });

  test.each(catalogueNames)("names the schema %s", (name) => {
    expect(page).toContain(`| \`${name}\``);
  });
});
