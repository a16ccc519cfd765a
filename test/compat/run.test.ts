import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { main } from "../../compat/runner/cli";
import { commandLine } from "../../compat/runner/local";
import { loadPolicies } from "../../config/load/policies";
import { loadRelease } from "../../config/load/release";
import { observeCompat } from "../../observe/compat";
import type { SnapshotSources } from "../../observe/snapshot";
import { compat } from "../../policies/gates/compat";
import { compatReport } from "../../policies/gates/input/compatibility";
import { resolveRelease } from "../../rollout/release";
import { aChannel, transition } from "../gates/transitions";
import { rolling, steady } from "../rollout/releases";
import { printed } from "./printed";
import { CompatProject, smallCases } from "./project";

jest.setTimeout(30_000);

let project: CompatProject;
let out: ReturnType<typeof printed>;
beforeEach(() => {
  project = new CompatProject();
  out = printed();
});
afterEach(() => {
  jest.restoreAllMocks();
  project.remove();
});

const run = (...more: string[]) =>
  main(
    ["--channel", "canary", "--version", "1.1.0", "--baseline", "1.0.0", "--mode", "local", ...more],
    project.folder,
  );
const reportFile = "reports/compat/canary/1.1.0.json";
const report = (file = reportFile) =>
  compatReport.parse(JSON.parse(readFileSync(join(project.folder, file), "utf8")));

/** What the gate says of the report that is on disk. */
async function verdict(baseline: string | null = "1.0.0") {
  const load = (version: string) => resolveRelease(loadRelease(project.folder, "releases", version), {});
  const channel = aChannel({ compat: "compat/matrix.yaml" });
  const policies = loadPolicies(project.folder, channel);
  const live = baseline === null ? null : load(baseline);
  const to = live === null ? steady(load("1.1.0")) : rolling(10, load("1.1.0"), live);
  const from = live === null ? null : steady(live);
  const input = transition({
    kind: live === null ? "install" : "start",
    from,
    to,
    compat: policies.compat(),
  });
  const sources = { channel, channelName: "canary", policies, projectDir: project.folder } as SnapshotSources;
  input.snapshot.compat = await observeCompat(input, sources);
  return compat(input);
}

describe("running the matrix", () => {
  test("writes a report that the gate takes, and ends with 0", async () => {
    expect(await verdict()).toMatchObject({
      status: "hold",
      reason: expect.stringContaining("there is no report"),
    });
    expect(await run()).toBe(0);
    expect(report()).toMatchObject({
      mode: "local",
      candidate: { version: "1.1.0" },
      baseline: { version: "1.0.0" },
      results: smallCases.map(({ id }) => ({ id, problem: null, readable: id !== "broken" })),
    });
    expect((await verdict()).status).toBe("pass");
  });

  test("tells of each case on a line of its own, without colours and rewriting in CI", async () => {
    await run();
    const lines = out.text().trim().split("\n");
    expect(lines[0]).toBe("compat/matrix.yaml: 5 cases for 1.1.0 over 1.0.0 in canary, local");
    expect(lines.at(-1)).toBe(`The report is in ${reportFile}.`);
    expect(lines).toHaveLength(7);
    expect(out.text()).not.toContain("\r");
  });

  test.each([
    ["a reader accepts what is wrong", "gullible", /case broken .*was expected not to be/],
    ["a reader crashes", "crashing", /gave no answer: .*exit code 3: Error: out of cheese/],
  ])("ends with 1 and leaves a report that closes the gate when %s", async (_, image, reason) => {
    project.release("1.1.0", image);
    expect(await run()).toBe(1);
    expect(out.text()).toMatch(reason);
    expect(await verdict()).toMatchObject({ status: "fail", reason: expect.stringMatching(reason) });
  });

  test("for a first install leaves out what needs a baseline", async () => {
    expect(await main(["--channel", "canary", "--version", "1.1.0", "--mode", "local"], project.folder)).toBe(
      0,
    );
    expect(report().results.map(({ id }) => id)).toEqual(["own", "next", "broken"]);
    expect(report().baseline).toBeNull();
    expect((await verdict(null)).status).toBe("pass");
    expect((await verdict()).status).toBe("hold");
  });

  test.each([
    ["a fixture is edited", () => project.fixture("2", 7), /another content of 2\.json/],
    ["the release is edited", () => project.release("1.1.0", "other"), /was made for 1\.1\.0/],
    ["the matrix expects something else", () => project.matrix({}, edited), /earlier version of the matrix/],
    ["the report is damaged", () => project.write(reportFile, '{"schema": 1'), /is not valid \(/],
    ["the report is of another kind", () => project.write(reportFile, "{}"), /is not valid .*expected/],
  ])("has to be repeated after %s", async (_, change, reason) => {
    await run();
    change();
    expect(await verdict()).toMatchObject({ status: "hold", reason: expect.stringMatching(reason) });
  });
  const edited = smallCases.map((one) => ({ ...one, command: [...one.command, "-v"] }));

  test("may write elsewhere, and use another matrix", async () => {
    project.write("other/matrix.yaml", readFileSync(join(project.folder, "compat/matrix.yaml"), "utf8"));
    for (const name of ["1", "2", "3"]) project.write(`other/${name}.json`, '{"orders": []}');
    project.write("other/broken.json", '{"orders":[{"quantity":0}]}');
    expect(await run("--matrix", "other/matrix.yaml", "--out", "mine.json")).toBe(0);
    expect(report("mine.json").results).toHaveLength(5);
    expect(existsSync(join(project.folder, reportFile))).toBe(false);
  });

  test("a reader that does not end is ended", async () => {
    project.matrix({ deadline: "1s", local: [process.execPath, "-e", "setInterval(() => {}, 1000)"] });
    expect(await run()).toBe(1);
    expect(report().results[0]).toMatchObject({ problem: "it did not end within 1 s" });
  });

  test("a program that is not there is named", async () => {
    project.matrix({ local: ["no-such-program"] });
    expect(await run()).toBe(1);
    expect(out.text()).toContain("there is no program no-such-program on this machine");
  });
});

describe("what cannot be run is told before anything runs, and ends with 2", () => {
  test.each([
    ["an unknown channel", ["--channel", "beta"], /Pulumi\.beta\.yaml: file not found/],
    [
      "an unknown version",
      ["--version", "9.9.9"],
      /releases\/9\.9\.9\.yaml: file not found; known versions: 1\.0\.0, 1\.1\.0/,
    ],
    ["an unknown baseline", ["--baseline", "0.9.0"], /releases\/0\.9\.0\.yaml: file not found/],
    [
      "no matrix",
      ["--matrix", "nowhere.yaml"],
      /nowhere\.yaml: file not found; it holds the compatibility matrix/,
    ],
  ])("%s", async (_, args, expected) => {
    expect(await run(...args)).toBe(2);
    expect(out.text()).toMatch(expected);
    expect(existsSync(join(project.folder, reportFile))).toBe(false);
  });

  test("fixtures that are missing, all of them", async () => {
    project.matrix(
      {},
      smallCases.map((one) => ({ ...one, fixture: `no-${one.id}.json` })),
    );
    expect(await run()).toBe(2);
    expect(out.text()).toMatch(
      /case before: its fixture no-before\.json[\s\S]*case broken: its fixture no-broken\.json/,
    );
  });

  test("a channel without its section", async () => {
    project.write("Pulumi.canary.yaml", "config: {}\n");
    expect(await run()).toBe(2);
    expect(out.text()).toContain("expected the key release-channels:channel");
  });
});

test("a command of this machine gets its words whole, whatever they contain", () => {
  const one = {
    ...{ id: "own", image: "i@sha256:1", command: ["read me", "--file={{fixture}}", "$(rm)"] },
    ...{ file: "/p/a b.json", content: Buffer.alloc(0) },
  };
  const docker = [
    "docker",
    "-v={{file}}:{{mounted}}:ro",
    "--entrypoint={{program}}",
    "{{image}}",
    "{{arguments}}",
  ];
  expect(commandLine(docker, one)).toEqual([
    ...["docker", "-v=/p/a b.json:/fixture/a b.json:ro", "--entrypoint=read me", "i@sha256:1"],
    ...["--file=/fixture/a b.json", "$(rm)"],
  ]);
  expect(commandLine(["{{program}}", "{{arguments}}"], one)).toEqual([
    "read me",
    "--file=/p/a b.json",
    "$(rm)",
  ]);
});
