import * as given from "./story/given";
import { liveWeights } from "./story/kubernetes";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

describe("what shows only during the update", () => {
  story("an image that cannot start: no traffic moves, the baseline is untouched", async (world) => {
    const canary = await given.channelRunning(world, "1.0.0");
    const before = await liveWeights(canary.namespace);
    canary.configure({ readyWithin: "10s" });

    when.versionIsSet(canary, "1.4.0");
    const update = await when.up(canary);
    verify.failedClearly(update, /api-1-4-0-[0-9a-f]{8}/);
    expect(await liveWeights(canary.namespace)).toEqual(before);
    await verify.shareIs(canary, "1.0.0", 100);

    when.versionIsSet(canary, "1.0.0");
    verify.succeeded(await when.up(canary));
    verify.succeeded(await when.up(canary));
    verify.succeeded(await when.preview(canary, "--expect-no-changes"));
    await verify.noRequestFailed(canary);
  });

  story("a migration that fails: no traffic moves, and the error ends with the Job's log", async (world) => {
    const canary = await given.channelRunning(world, "1.0.0");
    const before = await liveWeights(canary.namespace);

    when.versionIsSet(canary, "1.3.0");
    verify.failedClearly(await when.up(canary), /column products\.price does not exist/);
    expect(await liveWeights(canary.namespace)).toEqual(before);
    await verify.shareIs(canary, "1.0.0", 100);

    when.versionIsSet(canary, "1.1.0");
    verify.succeeded(await when.up(canary));
    await when.rolloutReaches(canary, 30);
    await verify.noRequestFailed(canary);
  });
});
