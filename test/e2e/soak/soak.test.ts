import * as given from "../story/given";
import * as releases from "../story/releases";
import { story } from "../story/story";
import * as verify from "../story/verify";

describe("releases that come one after the other", () => {
  story(
    "lose none of a hundred thousand requests, over kept connections and over new ones",
    async (world) => {
      const canary = await given.channelRunning(world, "1.0.0", "canary", 100, { alsoWithNew: true });
      await releases.keepComing(canary, ["1.0.0", "1.1.0", "1.5.0", "1.6.0"], 100_000);
      expect(await verify.noRequestFailed(canary)).toBeGreaterThanOrEqual(100_000);
      await verify.everyAcknowledgedWriteIsThere(canary);
    },
  );
});
