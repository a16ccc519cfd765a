import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { catalogueNames, comparableNames } from "../../config/schemas/evidence";
import { loadProbeReport } from "../../config/schemas/load-probe";
import { catalogue } from "../../evidence/catalogue";
import { EvidenceProject } from "./project";

const examples = (folder: string) =>
  readdirSync(join(__dirname, folder)).flatMap((schema) =>
    readdirSync(join(__dirname, folder, schema)).map((file) => ({
      schema,
      name: file.replace(/\.json$/, "").replaceAll("-", " "),
      content: JSON.parse(readFileSync(join(__dirname, folder, schema, file), "utf8")),
    })),
  );
const good = examples("good");
const bad = examples("bad");

const project = new EvidenceProject();
afterAll(() => project.remove());

/** What is wrong with a report, compared with the accepted one where its schema allows for that. */
async function problemsOf(schema: string, report: object): Promise<string[]> {
  project.json("report.json", report);
  const accepted = join(__dirname, "accepted", `${schema}.json`);
  const baseline = existsSync(accepted) ? { baseline: accepted } : {};
  return (await project.collectOne({ pattern: "report.json", schema, ...baseline })).problems;
}

describe("the catalogue", () => {
  test("holds exactly the schemas that a policy may name, and what all of them include", () => {
    const files = readdirSync("evidence/schemas").map((file) => file.replace(/\.json$/, ""));
    expect(files.sort()).toEqual([...catalogueNames, "report"].sort());
    expect(Object.keys(catalogue).sort()).toEqual([...catalogueNames].sort());
  });

  test.each(catalogueNames)("%s says what it is for, and has good and bad examples", (name) => {
    expect(String(catalogue[name].description).length).toBeGreaterThan(80);
    expect(good.some(({ schema }) => schema === name)).toBe(true);
    expect(bad.filter(({ schema }) => schema === name).length).toBeGreaterThan(1);
  });

  test.each(comparableNames)("%s has an accepted report to be compared with", (name) => {
    expect(existsSync(join(__dirname, "accepted", `${name}.json`))).toBe(true);
  });
});

test.each(good)("a good $schema: $name", async ({ schema, content }) => {
  expect(await problemsOf(schema, content)).toEqual([]);
});

test.each(bad)("a bad $schema: $name", async ({ schema, content }) => {
  expect(await problemsOf(schema, content.report)).toEqual(content.expected);
});

test("an accepted report is as good as itself", async () => {
  for (const schema of comparableNames) {
    const accepted = JSON.parse(readFileSync(join(__dirname, "accepted", `${schema}.json`), "utf8"));
    expect(await problemsOf(schema, { ...accepted, version: "1.1.0" })).toEqual([]);
  }
});

test("one load-probe report can feed the slo gate too", () => {
  const report = good.find(({ schema }) => schema === "load-probe")?.content;
  expect(loadProbeReport.parse(report).candidate.version).toBe("1.1.0");
});
