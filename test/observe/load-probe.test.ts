import { readFileSync } from "node:fs";
import { loadProbeReport } from "../../config/schemas/load-probe";
import { observeServices } from "../../observe/slo";
import { Project } from "../config/files";
import { policy } from "../gates/transitions";
import { at, next, old, recordOf, rolling } from "../rollout/releases";
import { sourcesWith } from "./sources";

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

const slo = policy(undefined, {
  mode: "quick",
  quick: { reports: "probes/{{version}}-*.json", maxAge: "1h" },
});
const transition = { kind: "advance", to: rolling(30), record: recordOf(rolling(10)) } as const;
const candidate = {
  version: next.version,
  hash: next.hash,
  services: { api: { requests: 500, errors: 2, within: { "0.30": 480 } } },
};
const report = (more: object = {}) => ({ producedAt: at(3000), candidate, ...more });

async function observe(files: Record<string, unknown>) {
  for (const [name, content] of Object.entries(files)) {
    project.write(`probes/${name}`, typeof content === "string" ? content : JSON.stringify(content, null, 1));
  }
  const services = await observeServices(transition, sourcesWith({ slo, projectDir: project.folder }));
  return services?.api;
}

describe("a load-probe report", () => {
  test("stands for what users meet, without any metrics source", async () => {
    await expect(observe({ "1.1.0-a.json": report() })).resolves.toEqual({
      candidate: { requests: 500, errors: 2, within: { "0.3": 480 } },
      baseline: null,
      problem: null,
    });
  });

  test("is the same file that the evidence gate takes", () => {
    const text = readFileSync("test/evidence/good/load-probe/figures.json", "utf8");
    expect(loadProbeReport.parse(JSON.parse(text)).candidate.services.api).toEqual({
      requests: 2000,
      errors: 2,
      within: { "0.1": 1800, "0.25": 1990 },
    });
  });

  test("may compare with the baseline, if it is the one that is live", async () => {
    const baseline = {
      version: old.version,
      releaseId: old.id,
      services: { api: { requests: 500, errors: 0 } },
    };
    const compared = await observe({ "1.1.0-a.json": report({ baseline }) });
    expect(compared?.baseline).toEqual({ requests: 500, errors: 0, within: {} });
    const other = { ...baseline, releaseId: "another" };
    expect((await observe({ "1.1.0-a.json": report({ baseline: other }) }))?.baseline).toBeNull();
  });

  test("the latest of this release counts, whatever the files are called", async () => {
    const worse = { ...candidate, services: { api: { requests: 500, errors: 100 } } };
    const foreign = { ...candidate, hash: "another" };
    const observed = await observe({
      "1.1.0-a.json": report({ producedAt: at(3100), candidate: worse }),
      "1.1.0-b.json": report({ producedAt: at(2000) }),
      "1.1.0-c.json": report({ producedAt: at(3500), candidate: foreign }),
      "1.0.0-d.json": report({ producedAt: at(3500) }),
    });
    expect(observed?.candidate?.errors).toBe(100);
  });

  test.each([
    ["there is none", {}, /of 0 load-probe reports \(probes\/1\.1\.0-\*\.json\) none is of 1\.1\.0/],
    [
      "it is of another build of the version",
      { "1.1.0-a.json": report({ candidate: { ...candidate, hash: "another" } }) },
      /of 1 load-probe reports .* none is of 1\.1\.0/,
    ],
    [
      "it is too old",
      { "1.1.0-a.json": report({ producedAt: at(-1) }) },
      /probes\/1\.1\.0-a\.json is 3601 s old; it counts for 3600 s/,
    ],
    [
      "it says itself that it is too old",
      { "1.1.0-a.json": report({ maxAge: "5m" }) },
      /is 600 s old; it counts for 300 s/,
    ],
    ["it comes from the future", { "1.1.0-a.json": report({ producedAt: at(3700) }) }, /future/],
    [
      "it says nothing of a service",
      { "1.1.0-a.json": report({ candidate: { ...candidate, services: {} } }) },
      /1\.1\.0-a\.json says nothing of this service/,
    ],
    [
      "it does not say what was probed",
      { "1.1.0-a.json": report({ candidate: { ...candidate, hash: undefined } }) },
      /probes\/1\.1\.0-a\.json:3:2 candidate:.*a version alone does not say/,
    ],
    [
      "it counts parts of requests",
      {
        "1.1.0-a.json": report({
          candidate: { ...candidate, services: { api: { requests: 0.5, errors: 0 } } },
        }),
      },
      /services\.api\.requests: found 0\.5, expected a whole number/,
    ],
    [
      "it counts more errors than requests",
      {
        "1.1.0-a.json": report({
          candidate: { ...candidate, services: { api: { requests: 1, errors: 2 } } },
        }),
      },
      /services\.api\.errors: .*expected no more errors than requests/,
    ],
    ["it is cut", { "1.1.0-a.json": '{"producedAt": ' }, /1\.1\.0-a\.json/],
  ] as const)("is no figure where %s", async (_, files, problem) => {
    await expect(observe(files)).resolves.toEqual({
      candidate: null,
      baseline: null,
      problem: expect.stringMatching(problem),
    });
  });
});
