import { loadPolicies } from "../../config/load/policies";
import { check, readYaml } from "../../config/load/yaml";
import { incidentFile } from "../../config/schemas/incidents";
import { inputsIn } from "../folders";
import { aChannel } from "../gates/transitions";
import { messageOf, Project } from "./files";

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

/** The first line of a bad file says what must be answered. */
const expectedOf = (text: string) => new RegExp(/^# expect: (.*)$/m.exec(text)?.[1] ?? "nothing is expected");

function readPolicy(text: string) {
  project.write("slo.yaml", text);
  const channel = aChannel({ prometheus: { url: "http://127.0.0.1:9090", scrapeInterval: "15s" } });
  return loadPolicies(project.folder, channel).slo();
}

function readIncidents(text: string) {
  const source = readYaml(project.write("incidents.yaml", text), "incidents.yaml", "");
  return check(incidentFile, source.value, source);
}

describe("SLO policies", () => {
  test.each(inputsIn("config/slo/good"))("%s is taken", (_, text) => {
    expect(readPolicy(text).services).toBeDefined();
  });

  test.each(inputsIn("config/slo/bad"))("%s is refused, and the place is named", (_, text) => {
    expect(messageOf(() => readPolicy(text))).toMatch(expectedOf(text));
  });
});

describe("incident files", () => {
  test.each(inputsIn("config/incidents/good"))("%s is taken", (_, text) => {
    expect(readIncidents(text).incidents).toBeDefined();
  });

  test.each(inputsIn("config/incidents/bad"))("%s is refused, and the place is named", (_, text) => {
    expect(messageOf(() => readIncidents(text))).toMatch(expectedOf(text));
  });
});
