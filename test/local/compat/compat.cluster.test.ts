import { randomBytes } from "node:crypto";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { parse, stringify } from "yaml";
import { main } from "../../../compat/runner/cli";
import { runMatrix } from "../../../compat/runner/run";
import { loadPolicies } from "../../../config/load/policies";
import { loadRelease } from "../../../config/load/release";
import { kubectl } from "../../../local/cluster/kubectl";
import { kubeconfigPath, projectDir, releasesDir } from "../../../local/settings";
import { observeCompat } from "../../../observe/compat";
import type { SnapshotSources } from "../../../observe/snapshot";
import { compat } from "../../../policies/gates/compat";
import { compatReport } from "../../../policies/gates/input/compatibility";
import { resolveRelease } from "../../../rollout/release";
import { printed } from "../../compat/printed";
import { Project } from "../../config/files";
import { aChannel, transition } from "../../gates/transitions";
import { rolling, steady } from "../../rollout/releases";

jest.setTimeout(120_000);

const namespace = `compat-test-${randomBytes(4).toString("hex")}`;
const reportFile = "reports/compat/canary/1.1.0.json";

let project: Project;
let out: ReturnType<typeof printed>;

beforeAll(async () => {
  process.env.KUBECONFIG = kubeconfigPath;
  await kubectl(["create", "namespace", namespace]);
});
afterAll(() => kubectl(["delete", "namespace", namespace, "--wait=false"]));

/** A project of its own with the sample's releases as they were built, its matrix and its fixtures. */
beforeEach(() => {
  project = new Project();
  cpSync(releasesDir, join(project.folder, "releases"), { recursive: true });
  cpSync(join(projectDir, "compat/fixtures"), join(project.folder, "compat/fixtures"), { recursive: true });
  cpSync(join(projectDir, "Pulumi.yaml"), join(project.folder, "Pulumi.yaml"));
  cpSync(join(projectDir, "compat/matrix.yaml"), join(project.folder, "compat/matrix.yaml"));
  const { config } = parse(readFileSync(join(projectDir, "Pulumi.canary.yaml"), "utf8"));
  Object.assign(config["release-channels:channel"], { namespace, releases: "releases" });
  project.write("Pulumi.canary.yaml", stringify({ config }));
  out = printed();
});
afterEach(() => {
  jest.restoreAllMocks();
  project.remove();
});

const run = (version: string, baseline: string, ...more: string[]) =>
  main(["--channel", "canary", "--version", version, "--baseline", baseline, ...more], project.folder);
const report = (file = reportFile) =>
  compatReport.parse(JSON.parse(readFileSync(join(project.folder, file), "utf8")));

function changeMatrix(change: object, oneCase: object = {}): void {
  const path = join(project.folder, "compat/matrix.yaml");
  const { cases, ...matrix } = parse(readFileSync(path, "utf8"));
  const changed = cases.map((one: { id: string }) =>
    one.id === "written-by-candidate" ? { ...one, ...oneCase } : one,
  );
  writeFileSync(path, stringify({ ...matrix, ...change, cases: changed }));
}

/** Jobs, pods and ConfigMaps of the runner that are not on their way out. */
async function leftovers(): Promise<string[]> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const { items } = await config.makeApiClient(CoreV1Api).listNamespacedConfigMap({ namespace });
  const jobs = await kubectl(["get", "jobs", "--namespace", namespace, "--output", "name"]);
  const maps = items.map(({ metadata }) => metadata!.name!).filter((name) => name !== "kube-root-ca.crt");
  return [...maps, ...jobs.split("\n").filter((line) => line !== "")];
}

async function verdict() {
  const load = (version: string) => resolveRelease(loadRelease(project.folder, "releases", version), {});
  const channel = aChannel({ compat: "compat/matrix.yaml" });
  const policies = loadPolicies(project.folder, channel);
  const [live, next] = [load("1.0.0"), load("1.1.0")];
  const input = transition({
    kind: "start",
    from: steady(live),
    to: rolling(10, next, live),
    compat: policies.compat(),
  });
  const sources = { channel, channelName: "canary", policies, projectDir: project.folder } as SnapshotSources;
  input.snapshot.compat = await observeCompat(input, sources);
  return compat(input);
}

describe("the matrix on the cluster", () => {
  test("really runs both releases' images, and its report opens the gate", async () => {
    expect((await verdict()).status).toBe("hold");
    expect(await run("1.1.0", "1.0.0")).toBe(0);
    const { results, mode } = report();
    expect(mode).toBe("kubernetes");
    expect(results.map(({ readable }) => readable)).toEqual([true, true, true, true, false]);
    expect(new Set(results.map(({ image }) => image)).size).toBe(2);
    expect(await verdict()).toMatchObject({ status: "pass", reason: expect.stringContaining("5 cases") });
    expect(await leftovers()).toEqual([]);
  });

  test.each([
    ["1.6.0", "1.5.0"],
    ["1.7.0", "1.6.0"],
    ["1.8.0", "1.7.0"],
  ])("while customers move to their own table, %s and %s read each other's orders", async (next, live) => {
    expect(await run(next, live)).toBe(0);
    const { results } = report(`reports/compat/canary/${next}.json`);
    expect(results.map(({ readable }) => readable)).toEqual([true, true, true, true, false]);
  });

  test("a release whose image does not start fails every case it reads, and not the way back", async () => {
    expect(await run("1.4.0", "1.1.0")).toBe(1);
    const { results } = report("reports/compat/canary/1.4.0.json");
    const silent = results.filter(({ problem }) => problem !== null);
    expect(silent.map(({ direction }) => direction).sort()).toEqual(["N-1→N", "N→N", "N→N", "N→N+1"]);
    expect(silent[0]?.problem).toMatch(/price list of this release is empty.*exit code 1/);
    expect(await leftovers()).toEqual([]);
  });

  test("a reader sees nothing but its fixture, and may do nothing", async () => {
    const script = `
      const fs = require("node:fs");
      const fixture = process.argv[1];
      const failed = [];
      const check = (name, holds) => holds || failed.push(name);
      const writable = (path) => { try { fs.writeFileSync(path, ""); return true; } catch { return false; } };
      const status = fs.readFileSync("/proc/self/status", "utf8");
      check("fixture", JSON.parse(fs.readFileSync(fixture, "utf8")).orders.length === 2);
      check("fixture-read-only", !writable(fixture));
      check("root-read-only", !writable("/app/x"));
      check("scratch", writable("/tmp/x"));
      check("user", process.getuid() !== 0);
      check("capabilities", /^CapEff:\\s*0+$/m.test(status));
      check("no-new-privileges", /^NoNewPrivs:\\s*1$/m.test(status));
      check("token", !fs.existsSync("/var/run/secrets/kubernetes.io"));
      console.log(JSON.stringify({ readable: failed.length === 0, failedChecks: failed }));`;
    changeMatrix({}, { command: ["node", "-e", script, "{{fixture}}"] });
    expect(await run("1.1.0", "1.0.0")).toBe(0);
  });

  test("a reader that does not end is ended at the deadline", async () => {
    changeMatrix(
      { deadline: "4s" },
      { command: ["node", "-e", "setInterval(() => {}, 1000)", "{{fixture}}"] },
    );
    expect(await run("1.1.0", "1.0.0")).toBe(1);
    const stuck = report().results.find(({ id }) => id === "written-by-candidate");
    expect(stuck?.problem).toBe("it did not end within 4 s");
    expect(await leftovers()).toEqual([]);
  });

  test("an image that cannot be had is told as such", async () => {
    const path = join(project.folder, "releases/1.1.0.yaml");
    const gone = `local/shop-api@sha256:${"0".repeat(64)}`;
    writeFileSync(path, readFileSync(path, "utf8").replace(/local\/shop-api@sha256:\w+/, gone));
    expect(await run("1.1.0", "1.0.0")).toBe(1);
    const problems = report().results.flatMap(({ problem }) => (problem === null ? [] : [problem]));
    expect(problems).toHaveLength(4);
    expect(problems[0]).toMatch(/its container does not start: \w+/);
  });

  test("a namespace that does not exist is named, and no report is written", async () => {
    expect(await run("1.1.0", "1.0.0", "--namespace", `${namespace}-nowhere`)).toBe(2);
    expect(out.text()).toMatch(/refuses a ConfigMap in .*-nowhere \(HTTP 404\): namespaces ".*" not found/);
    expect(existsSync(join(project.folder, reportFile))).toBe(false);
  });

  test("interrupted, it leaves nothing behind, and no report", async () => {
    changeMatrix({}, { command: ["node", "-e", "setInterval(() => {}, 1000)", "{{fixture}}"] });
    const interruption = new AbortController();
    const request = { projectDir: project.folder, channel: "canary", version: "1.1.0", baseline: "1.0.0" };
    const running = runMatrix({ ...request, mode: "kubernetes" }, interruption.signal);
    const stopped = expect(running).rejects.toThrow("enough");
    while ((await leftovers()).length === 0) await new Promise(setImmediate);
    interruption.abort(new Error("enough"));
    await stopped;
    expect(await leftovers()).toEqual([]);
    expect(existsSync(join(project.folder, reportFile))).toBe(false);
  });
});
