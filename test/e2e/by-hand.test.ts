import { kubectl, weightsArePatched } from "./story/by-hand";
import * as given from "./story/given";
import { liveWeights } from "./story/kubernetes";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

/** Baseline, candidate. */
async function weightsAre(namespace: string, weights: [number, number]): Promise<void> {
  expect(Object.values(await liveWeights(namespace))).toEqual(weights);
}

describe("what somebody has changed by hand", () => {
  story("a raised share is shown by a preview and lowered, a lowered one is kept", async (world) => {
    const canary = await given.rolloutAt(world, "1.0.0", "1.1.0", 30);
    canary.set({ stage: "30" });

    await weightsArePatched(canary, [20, 80]);
    const preview = await when.preview(canary);
    verify.succeeded(preview);
    verify.tells(preview, /live traffic differs from the record \(recorded 30 %, live 80 %\)/);
    await weightsAre(canary.namespace, [20, 80]);
    verify.succeeded(await when.up(canary));
    await weightsAre(canary.namespace, [70, 30]);
    await verify.updatesAreIdle(canary);

    // The brake of the README, for when the backend is down.
    await weightsArePatched(canary, [100, 0]);
    canary.set({ stage: "auto" });
    const adopted = await when.up(canary);
    verify.succeeded(adopted);
    verify.tells(adopted, /lowered from 30 % to 0 % outside of this program: adopted, and held/);
    verify.held(await when.up(canary), /braked by hand, at 0 %; to go on: .*attempt 2/);
    await weightsAre(canary.namespace, [100, 0]);
    await verify.updatesAreIdle(canary);

    canary.set({ attempt: "2", reason: "it was a false alarm" });
    verify.moved(await when.upOnceOpen(canary), "advance", 10);
    await verify.routeFollowsRecord(canary);
    await verify.noRequestFailed(canary);
  });

  story("a route that was deleted comes back as it is recorded", async (world) => {
    const canary = await given.rolloutBegun(world, "1.0.0", "1.1.0");
    canary.set({ stage: "10" });
    // Without a route nobody can be answered: that is the hand's doing, and not counted here.
    await canary.load?.stop();
    await kubectl(canary, "delete", "httproute", "--all");

    verify.refused(
      await when.up(canary),
      /were deleted from the cluster[\s\S]*HTTPRoute \S+-api[\s\S]*pulumi refresh/,
    );
    await when.refreshed(canary);
    verify.succeeded(await when.up(canary));
    await verify.routeFollowsRecord(canary);
    await canary.startLoad();
    await verify.shareIs(canary, "1.1.0", 10);
    await verify.updatesAreIdle(canary);
    await verify.noRequestFailed(canary);
  });
});
