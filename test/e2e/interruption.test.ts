import { join } from "node:path";
import * as given from "./story/given";
import { begins, isDone, type Moment, routeShows } from "./story/moments";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

/** Where an advance to a weight can be cut off, in the order in which they come. */
const moments: Record<string, (weight: number) => Moment> = {
  "the intent is written": () => begins("pulumi:index:Stash", "::intent"),
  "the candidate is scaled up": () => begins("kubernetes:apps/v1:Deployment"),
  "the route is changed": (weight) => routeShows("1.1.0", weight),
  "the data plane is asked": () => begins("command:local:Command"),
  "the data plane has answered": () => isDone("command:local:Command"),
  "the record is written": () => isDone("pulumi:index:Stash", "::record"),
};

describe("an engine that is killed in a start", () => {
  story("after everything it has changed: it comes to its end", async (world) => {
    const canary = await given.channelRunning(world, "1.0.0");
    when.versionIsSet(canary, "1.1.0");
    // An update that is killed after its record was written is not begun again: the one after it is the next step.
    canary.set({ stage: "10" });
    const kills = await when.engineIsKilledAtEveryStep(canary, ({ weights }) =>
      verify.recordIsHonest(canary, weights),
    );
    expect(kills.length).toBeGreaterThan(10);
    await when.rolloutReaches(canary, 10);
    await verify.routeFollowsRecord(canary);
    await verify.shareIs(canary, "1.1.0", 10);
    await verify.noRequestFailed(canary);
  });
});

describe("an engine that is killed in an advance", () => {
  story("at any moment: the next update comes to a good end", async (world) => {
    const canary = await given.emptyChannel(world);
    const stages = [10, 20, 30, 40, 50, 60, 70, 100];
    canary.configure({ stages });
    verify.moved(await when.up(canary), "install");
    await canary.startLoad();
    when.versionIsSet(canary, "1.1.0");
    verify.moved(await when.up(canary), "start", 10);
    for (const [name, moment] of Object.entries(moments)) {
      await when.gatesAreOpen(canary);
      const { weight } = await verify.recordOf(canary);
      const next = stages.find((stage) => stage > weight)!;
      const killed = await when.engineIsKilled(canary, moment(next));
      expect([name, killed.tooLate]).toEqual([name, false]);
      await verify.recordIsHonest(canary, killed.weights);
      await when.lockIsCancelled(canary);

      // Whether it was finished or given up, the rollout can go on.
      verify.succeeded(await when.up(canary));
      await verify.routeFollowsRecord(canary);
    }
    await when.rolloutIsCompleted(canary);
    await verify.shareIs(canary, "1.1.0", 100);
    await verify.noRequestFailed(canary);
  });

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
