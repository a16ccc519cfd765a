import type { TestChannel } from "./story/channel";
import { type ClosedGate, closedGates, promotion } from "./story/closed-gates";
import * as given from "./story/given";
import { story } from "./story/story";
import { gateCallIsRemoved } from "./story/tampered";
import * as verify from "./story/verify";
import * as when from "./story/when";
import type { World } from "./story/world";

describe("a gate that holds", () => {
  story("lets an update succeed and change nothing, and with strictHold fail", async (world) => {
    const canary = await given.rolloutBegun(world, "1.0.0", "1.1.0");
    canary.configure({ observation: { for: "1h" } });
    const reason = /observation(: | +hold +)1\.1\.0 has been observed for \d+ s.*; wanted are 3600 s/;

    verify.held(await when.up(canary), reason);
    await verify.nothingChanges(canary, async () => {
      verify.held(await when.up(canary), reason);
      verify.succeeded(await when.preview(canary, "--expect-no-changes"));
    });

    canary.set({ strictHold: "true" });
    await verify.nothingChanges(canary, async () => {
      verify.refused(await when.up(canary), reason);
      verify.failedClearly(await when.preview(canary), reason);
    });
    await verify.noRequestFailed(canary);
  });
});

describe("a gate that is closed for a cause", () => {
  /** It keeps the update from everything; so does the pack where the program no longer asks the gate. */
  async function keepsEverythingUntilOpened(channel: TestChannel, world: World, gate: ClosedGate) {
    gate.close(channel, world);
    await verify.nothingChanges(channel, async () => {
      verify.keptBy(await when.up(channel), gate);
    });
    const asItIs = gateCallIsRemoved(channel);
    await verify.packBlocks(channel, new RegExp(`${gate.gate}: .*${gate.reason.source}`));
    asItIs();

    await gate.open(channel, world);
    verify.moved(await when.upOnceOpen(channel), gate.transition);
  }

  story("keeps everything as it is, and opens once the cause is gone", async (world) => {
    const canary = await given.emptyChannel(world);
    canary.configure({ stages: [10, 20, 30, 40, 50, 60, 100] });
    verify.moved(await when.up(canary), "install");
    await canary.startLoad();
    when.versionIsSet(canary, "1.1.0");
    verify.moved(await when.up(canary), "start", 10);
    for (const gate of closedGates) await keepsEverythingUntilOpened(canary, world, gate);
    await verify.noRequestFailed(canary);
  });

  story("promotion keeps everything as it is until the other channel has completed it", async (world) => {
    const canary = await given.channelRunning(world, "1.0.0", "canary");
    const stable = await given.channelRunning(world, "1.0.0", "stable");
    when.versionIsSet(stable, "1.1.0");
    await keepsEverythingUntilOpened(stable, world, promotion);
    await verify.noRequestFailed(stable, canary);
  });
});

describe("a version that fails where it has all of the traffic", () => {
  const lax = "{ errorRate: { target: 0.9, marginOverBaseline: 0.9 } }";
  const strict = "{ errorRate: { target: 0.01 } }";

  story("is not promoted, although nobody has rolled it back", async (world) => {
    const canary = await given.channelRunning(world, "1.1.0", "canary");
    const stable = await given.channelRunning(world, "1.1.0", "stable");
    world.objectivesAre(lax);
    when.versionIsSet(canary, "1.2.0");
    await when.rolloutReaches(canary, 100);
    world.objectivesAre(strict);

    stable.configure({ promotion: { from: canary.stack, greenFor: "1s" } });
    when.versionIsSet(stable, "1.2.0");
    const broken = /promotion: .* is not green: api: .* errors/;
    verify.refused(await when.upOnceOpen(stable), broken);
    await verify.nothingChanges(stable, async () => {
      verify.refused(await when.up(stable), broken);
      verify.failedClearly(await when.preview(stable), broken);
    });

    world.objectivesAre(lax);
    verify.moved(await when.upOnceOpen(stable), "start", 10);
  });
});

describe("a gate that fails", () => {
  story("ends update and preview with its figures, and changes nothing", async (world) => {
    const canary = await given.rolloutBegun(world, "1.1.0", "1.2.0");
    verify.refused(await when.upOnceOpen(canary), /slo: api: .* errors/);

    await verify.nothingChanges(canary, async () => {
      verify.refused(await when.up(canary), /slo: api: .* errors/);
      verify.failedClearly(await when.preview(canary), /slo: api: .* errors/);
    });
    await verify.noRequestFailed(canary);
  });
});

describe("an update with nothing to do", () => {
  story("has no diff: steady, rolling, completed and rolled out, also after a refresh", async (world) => {
    const canary = await given.channelRunning(world, "1.0.0");
    await verify.updatesAreIdle(canary);

    when.versionIsSet(canary, "1.1.0");
    verify.moved(await when.up(canary), "start", 10);
    canary.set({ stage: "10" });
    await verify.updatesAreIdle(canary);

    canary.set({ stage: "auto" });
    canary.configure({ rollbackWindow: "1h" });
    verify.moved(await when.upOnceOpen(canary), "advance", 30);
    verify.moved(await when.upOnceOpen(canary), "advance", 100);
    await verify.updatesAreIdle(canary);

    canary.configure({ rollbackWindow: "1s" });
    verify.moved(await when.upOnceOpen(canary), "finalize");
    await verify.updatesAreIdle(canary);
    await verify.noRequestFailed(canary);
  });
});
