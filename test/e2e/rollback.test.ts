import * as given from "./story/given";
import { liveWeights } from "./story/kubernetes";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

const unreachable = { url: "http://127.0.0.1:1", scrapeInterval: "1s" };

describe("rolling back", () => {
  story("needs neither Prometheus nor release files", async (world) => {
    const canary = await given.rolloutBegun(world, "1.0.0", "1.1.0");
    canary.configure({ prometheus: unreachable });
    when.releaseFilesAreGone(canary);

    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "rollback", 0);
    await verify.shareIs(canary, "1.0.0", 100);
    await verify.noRequestFailed(canary);
  });

  story("a candidate that was rolled back is not started again by itself", async (world) => {
    const canary = await given.rolloutBegun(world, "1.0.0", "1.1.0");
    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "rollback", 0);
    verify.moved(await when.up(canary), "finalize");

    when.versionIsSet(canary, "1.1.0");
    verify.held(await when.up(canary), /1\.1\.0 was rolled back/);

    canary.set({ attempt: "2", reason: "the cause is mended" });
    verify.moved(await when.up(canary), "start", 10);
    await verify.noRequestFailed(canary);
  });

  story("a candidate with errors is stopped by its figures and taken back", async (world) => {
    const canary = await given.rolloutBegun(world, "1.1.0", "1.2.0");

    const blocked = await when.upOnceOpen(canary);
    verify.refused(blocked, /slo: api: \d+\.\d+ % errors \(\d+ of \d+\)/);
    expect(Object.values(await liveWeights(canary.namespace))).toEqual([90, 10]);

    when.versionIsSet(canary, "1.1.0");
    verify.moved(await when.up(canary), "rollback", 0);
    await verify.shareIs(canary, "1.1.0", 100);
    await verify.noRequestFailed(canary);
  });
});
