import { join } from "node:path";
import * as given from "./story/given";
import { routeShows } from "./story/moments";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

describe("an engine that is killed after everything it has changed", () => {
  story("in a start, an advance, a rollback and the clearing up: each comes to its end", async (world) => {
    const canary = await given.channelRunning(world, "1.0.0");
    const killedAtEveryStep = () =>
      when.engineIsKilledAtEveryStep(canary, ({ weights }) => verify.recordIsHonest(canary, weights));

    when.versionIsSet(canary, "1.1.0");
    // An update that is killed after its record was written is not begun again: the one after it is the next step.
    canary.set({ stage: "10" });
    const ofStart = await killedAtEveryStep();
    for (const type of [
      "v1:ConfigMap",
      "apps/v1:Deployment",
      "v1:HTTPRoute",
      "local:Command",
      "index:Stash",
    ]) {
      expect(ofStart).toContainEqual(expect.stringContaining(`${type} `));
    }
    await when.rolloutReaches(canary, 10);
    await verify.routeFollowsRecord(canary);
    await verify.shareIs(canary, "1.1.0", 10);

    canary.set({ stage: "30" });
    await when.gatesAreOpen(canary);
    expect((await killedAtEveryStep()).length).toBeGreaterThan(2);
    await when.rolloutReaches(canary, 30);
    await verify.routeFollowsRecord(canary);
    await verify.shareIs(canary, "1.1.0", 30);

    canary.set({ stage: "hold" });
    when.versionIsSet(canary, "1.0.0");
    expect((await killedAtEveryStep()).length).toBeGreaterThan(2);
    expect(canary.status()).toMatchObject({ state: "rolled-back", weight: 0 });
    await verify.shareIs(canary, "1.0.0", 100);

    canary.set({ stage: "auto" });
    await killedAtEveryStep();
    await verify.onlyVersionLeftIs(canary, "1.0.0");
    verify.succeeded(await when.preview(canary, "--expect-no-changes"));
    await verify.noRequestFailed(canary);
  });
});

describe("an engine that is killed in an advance", () => {
  story("a rollback needs nothing of the unfinished advance", async (world) => {
    const canary = await given.rolloutBegun(world, "1.0.0", "1.1.0");
    await when.gatesAreOpen(canary);
    const killed = await when.engineIsKilled(canary, routeShows("1.1.0", 30));
    expect(killed.tooLate).toBe(false);
    await when.lockIsCancelled(canary);

    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "rollback", 0);
    await verify.shareIs(canary, "1.0.0", 100);
    await verify.noRequestFailed(canary);
  });
});

describe("a state that is lost", () => {
  story(
    "is not taken for an empty channel while routes are live, and comes back from a copy",
    async (world) => {
      const canary = await given.channelRunning(world, "1.0.0");
      const copy = join(world.dir, "state.json");
      await canary.succeed("stack", "export", "--file", copy);
      await when.stateIsLost(canary);

      await verify.nothingChanges(canary, async () => {
        const { exitCode, output } = await when.up(canary);
        expect(exitCode).toBeGreaterThan(0);
        expect(output).toMatch(/routes of this channel are live in the cluster, but the stack has no record/);
        expect(output).toMatch(/Restore the stack's state \(pulumi stack import\)/);
      });
      await canary.succeed("stack", "import", "--file", copy);
      await verify.updatesAreIdle(canary);
      await verify.noRequestFailed(canary);
    },
  );
});
