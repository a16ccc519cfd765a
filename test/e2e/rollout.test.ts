import * as given from "./story/given";
import * as releases from "./story/releases";
import { story } from "./story/story";
import * as verify from "./story/verify";

describe("a release", () => {
  story(
    "goes back from every stage, and reaches 100 %; no request fails and no order is lost",
    async (world) => {
      const canary = await given.channelRunning(world, "1.0.0", "canary", 100, { alsoWithNew: true });
      await releases.keepComing(canary, ["1.0.0", "1.1.0"], 20_000);
      expect(await verify.noRequestFailed(canary)).toBeGreaterThanOrEqual(20_000);
      await verify.everyAcknowledgedWriteIsThere(canary);
    },
  );
});
