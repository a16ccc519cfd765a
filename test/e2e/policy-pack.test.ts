import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import manifest from "../../policies/package.json";
import type { TestChannel } from "./story/channel";
import { eventually } from "./story/eventually";
import * as given from "./story/given";
import { isDone, type Moment, routeShows } from "./story/moments";
import { story } from "./story/story";
import { gateCallIsRemoved, packIsMandatory } from "./story/tampered";
import * as verify from "./story/verify";
import * as when from "./story/when";

describe("a program whose gate call is removed, under the pack", () => {
  story("slo: is blocked by the candidate's errors, and opened by another objective", async (world) => {
    const canary = await given.rolloutBegun(world, "1.1.0", "1.2.0");
    await eventually(
      () => when.preview(canary),
      ({ output }) => /slo +fail/.test(output),
      ({ output }) => `errors that are certain; the last preview said:\n${output}`,
    );
    gateCallIsRemoved(canary);
    await verify.packBlocks(canary, /slo: api: .* errors/);

    const objectives = { services: { api: { errorRate: { target: 0.9, marginOverBaseline: 0.9 } } } };
    writeFileSync(join(world.dir, "slo.yaml"), stringify({ minimumRequests: 20, ...objectives }));
    verify.moved(await when.up(canary), "advance", 30);
    await verify.routeFollowsRecord(canary);
  });

  story("a rollback waits for nothing, and needs neither Prometheus nor its files", async (world) => {
    const canary = await given.rolloutBegun(world, "1.0.0", "1.1.0");
    gateCallIsRemoved(canary);
    canary.configure({
      prometheus: { url: "http://127.0.0.1:1", scrapeInterval: "1s" },
      slo: "/nowhere.yaml",
    });
    when.releaseFilesAreGone(canary);
    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "rollback", 0);
    await verify.noRequestFailed(canary);
  });
});

describe("the program as it is, under the pack", () => {
  story("goes through a rollback and a whole rollout, with no diff in between", async (world) => {
    const canary = await given.emptyChannel(world);
    packIsMandatory(canary);
    when.versionIsSet(canary, "1.0.0");
    const installed = await canary.run("up", "--yes");
    verify.succeeded(installed);
    expect(installed.output).toMatch(/✅ release-channels@v/);
    await canary.startLoad();
    expect(await judgedBy(canary)).toEqual({ ...pack, tightening: {}, loosened: [] });

    when.versionIsSet(canary, "1.1.0");
    verify.moved(await when.up(canary), "start", 10);
    canary.set({ stage: "10" });
    await verify.updatesAreIdle(canary);

    when.versionIsSet(canary, "1.0.0");
    canary.set({ stage: "auto" });
    verify.moved(await when.up(canary), "rollback", 0);
    verify.moved(await when.up(canary), "finalize");
    await verify.updatesAreIdle(canary);

    when.versionIsSet(canary, "1.1.0");
    canary.set({ attempt: "2", reason: "the cause is mended" });
    await when.rolloutReaches(canary, 10);
    await when.rolloutIsCompleted(canary);
    await verify.noRequestFailed(canary);
  });

  story("goes on after an engine was killed", async (world) => {
    const canary = await given.rolloutBegun(world, "1.0.0", "1.1.0");
    packIsMandatory(canary);
    const killedWhen = async (moment: Moment) => {
      await when.gatesAreOpen(canary);
      const { tooLate } = await when.engineIsKilled(canary, moment);
      expect(tooLate).toBe(false);
      await when.lockIsCancelled(canary);
    };
    await killedWhen(routeShows("1.1.0", 30));
    await when.rolloutReaches(canary, 30);
    // Between the record and its mirror in the cluster.
    await killedWhen(isDone("pulumi:index:Stash", "::record"));
    await when.rolloutIsCompleted(canary);
    await verify.shareIs(canary, "1.1.0", 100);
    await verify.noRequestFailed(canary);
  });

  story(
    "is blocked by a tightened configuration, and shows in the record how it was loosened",
    async (world) => {
      const canary = await given.rolloutBegun(world, "1.0.0", "1.1.0");
      await when.gatesAreOpen(canary);
      packIsMandatory(canary);
      packIsConfigured(canary, {
        "release-gates": {
          requiredGates: ["evidence"],
          minimumObservationSeconds: 3600,
          maximumWeightStep: 15,
        },
      });
      const asked = [
        "evidence: the policy pack requires this gate",
        "observation: 10 % has been observed for \\d+ s; the policy pack wants 3600 s",
        "stages: the share rises by 20 % at once; the policy pack allows 15 %",
      ];
      await verify.packBlocks(canary, new RegExp(asked.join("[\\s\\S]*")));

      packIsConfigured(canary, { "release-gates": "advisory", "disruption-budgets": "disabled" });
      canary.set({ stage: "10" });
      await isIdle(canary);
      expect(await judgedBy(canary)).toBeUndefined();

      canary.set({ stage: "30" });
      verify.moved(await when.up(canary), "advance", 30);
      const signature = { ...pack, tightening: {}, loosened: ["release-gates", "disruption-budgets"] };
      expect(await judgedBy(canary)).toEqual(signature);
      await isIdle(canary);
      canary.environment = {};
      await isIdle(canary);
      expect(await judgedBy(canary)).toEqual(signature);
      await verify.noRequestFailed(canary);
    },
  );
});

/** An update has no diff: it is there that the pack could write. */
async function isIdle(channel: TestChannel): Promise<void> {
  verify.succeeded(await when.up(channel, "--expect-no-changes"));
}

const pack = { name: "release-channels", version: manifest.version };

/** From now on the engine runs the pack with this configuration. */
function packIsConfigured(channel: TestChannel, configuration: object): void {
  const file = join(dirname(channel.log), "pack.json");
  writeFileSync(file, JSON.stringify(configuration));
  channel.environment.PULUMI_OPTION_POLICY_PACK_CONFIG = file;
}

/** The signature of the newest transition; nothing where the pack was not in force. */
async function judgedBy(channel: TestChannel): Promise<unknown> {
  return (await verify.recordOf(channel)).history.at(-1)?.judgedBy;
}
