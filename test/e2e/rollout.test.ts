import * as given from "./story/given";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

describe("a release", () => {
  story(
    "reaches 100 % in steps that wait for evidence, no request fails and no order is lost",
    async (world) => {
      const canary = await given.channelRunning(world, "1.0.0");
      await verify.shareIs(canary, "1.0.0", 100);

      when.versionIsSet(canary, "1.1.0");
      verify.moved(await when.up(canary), "start", 10);
      await verify.shareIs(canary, "1.1.0", 10);

      verify.moved(await when.upOnceOpen(canary), "advance", 30);
      await verify.shareIs(canary, "1.1.0", 30);

      verify.moved(await when.upOnceOpen(canary), "advance", 100);
      await verify.shareIs(canary, "1.1.0", 100);

      verify.moved(await when.upOnceOpen(canary), "finalize");
      await verify.shareIs(canary, "1.1.0", 100);
      await verify.noRequestFailed(canary);
      await verify.everyAcknowledgedWriteIsThere(canary);
    },
  );
});
