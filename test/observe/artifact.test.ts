import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { loadRelease } from "../../config/load/release";
import { observeArtifact } from "../../observe/artifact";
import type { JudgedTransition, SnapshotSources } from "../../observe/snapshot";
import { artifact } from "../../policies/gates/artifact";
import type { Position } from "../../rollout/record";
import { resolveRelease } from "../../rollout/release";
import { Project } from "../config/files";
import { aChannel, transition } from "../gates/transitions";
import {
  apiAndWorker,
  completed,
  next,
  overlayOf,
  recordOf,
  rolledBack,
  rolling,
  steady,
} from "../rollout/releases";

const judgedOnes = [
  ["install", null, steady()],
  ["start", steady(), rolling(10)],
  ["advance", rolling(10), rolling(30)],
] as const;
const others = [
  ["finalize", completed(), steady(next)],
  ["rollback", rolling(30), rolledBack()],
  ["correct", rolling(30), rolling(10)],
] as const;
const transitionOf = (
  kind: JudgedTransition["kind"],
  from: Position | null,
  to: Position,
): JudgedTransition => ({
  kind,
  to,
  record: from === null ? null : recordOf(from),
});

describe("the release file of what is judged", () => {
  let project: Project;
  beforeEach(() => {
    project = new Project();
    mkdirSync(join(project.folder, "releases"));
    for (const version of ["1.0.0", "1.1.0"]) write(version);
  });
  afterEach(() => project.remove());

  const write = (version: string, more: object = {}) =>
    writeFileSync(
      join(project.folder, "releases", `${version}.yaml`),
      stringify({ version, product: "shop", services: apiAndWorker, ...more }),
    );
  const sources = () => ({ channel: aChannel(), projectDir: project.folder }) as SnapshotSources;
  const judge = async (kind: JudgedTransition["kind"], from: Position | null, to: Position) => {
    const source = await observeArtifact(transitionOf(kind, from, to), sources());
    return artifact(transition({ kind, from, to, snapshot: { artifact: source } }));
  };

  test.each(judgedOnes)("opens a %s when it is as released, whatever the overlay", async (kind, from, to) => {
    expect((await judge(kind, from, to)).status).toBe("pass");
    const relaid = resolveRelease(loadRelease(project.folder, "releases", "1.1.0"), overlayOf("b"));
    expect((await judge("advance", rolling(10, relaid), rolling(30, relaid))).status).toBe("pass");
  });

  test.each([
    ["edited", () => write("1.1.0", { changes: { added: ["More."] } }), "fail", /was edited/],
    [
      "of another version",
      () => write("1.1.0", { version: "1.2.0" }),
      "hold",
      /expected 1\.1\.0, as in the file's name/,
    ],
    ["not valid", () => write("1.1.0", { services: {} }), "hold", /expected at least one service/],
  ] as const)("closes it when it is %s", async (_, change, status, reason) => {
    change();
    const verdict = await judge("advance", rolling(10), rolling(30));
    expect(verdict.status).toBe(status);
    expect(verdict.reason).toMatch(reason);
    expect(verdict.reason).not.toContain("\n");
  });

  test("holds when it is gone", async () => {
    project.remove();
    mkdirSync(project.folder);
    expect(await judge("advance", rolling(10), rolling(30))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/file not found.*Restore it/),
    });
  });

  test.each(others)("is not needed for a %s", async (kind, from, to) => {
    const gone = {
      channel: aChannel({ releases: "nowhere" }),
      projectDir: project.folder,
    } as SnapshotSources;
    expect(await observeArtifact(transitionOf(kind, from, to), gone)).toEqual({ status: "not-configured" });
  });
});
