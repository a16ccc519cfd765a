import { gateway, gatewayUrl } from "../../local/settings";
import { weightsArePatched } from "./story/by-hand";
import type { TestChannel } from "./story/channel";
import * as given from "./story/given";
import { liveWeights } from "./story/kubernetes";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

const router = ["node", "test/e2e/story/router.cjs"];

/** From now on the channel's weights are given by a router that this program knows nothing of. */
function isRoutedByCommands(channel: TestChannel): void {
  const where = ["{namespace}", "{hostname}", `${gateway.namespace}/${gateway.name}`];
  channel.configure({
    gateway: {
      adapter: "command",
      hostnames: [channel.host],
      url: gatewayUrl,
      releaseHeader: "x-release",
      command: {
        apply: [
          ...router,
          "apply",
          ...where,
          "{service}",
          "{baselineBackend}",
          "{candidateBackend}",
          "{weight}",
        ],
        read: [...router, "read", "{namespace}"],
      },
    },
  });
}

/** What the router refuses to do until something else is said. */
function routerFails(channel: TestChannel, command: "apply" | "read" | null): void {
  channel.environment = command === null ? {} : { ROUTER_FAULT: command };
}

describe("a channel whose weights are given by commands", () => {
  story("takes a release to 30 % and back, and survives a router that fails", async (world) => {
    const canary = await given.emptyChannel(world);
    isRoutedByCommands(canary);
    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "install");
    await canary.startLoad();
    await verify.updatesAreIdle(canary);

    when.versionIsSet(canary, "1.1.0");
    const before = await liveWeights(canary.namespace);
    verify.succeeded(await when.preview(canary));
    expect(await liveWeights(canary.namespace)).toEqual(before);
    verify.moved(await when.up(canary), "start", 10);
    await verify.shareIs(canary, "1.1.0", 10);
    await verify.routeFollowsRecord(canary);
    canary.set({ stage: "10" });
    await verify.updatesAreIdle(canary);

    // Gates are asked first; what fails then is the raise itself.
    canary.set({ stage: "auto" });
    await when.gatesAreOpen(canary);
    routerFails(canary, "apply");
    const failed = await when.upOnceOpen(canary);
    verify.failedClearly(
      failed,
      /`apply` .* ended with exit code 1; it said last:\s+the router does not apply/,
    );
    await verify.routeFollowsRecord(canary);
    await verify.shareIs(canary, "1.1.0", 10);
    routerFails(canary, null);
    await when.rolloutReaches(canary, 30);
    await verify.shareIs(canary, "1.1.0", 30);

    // Nobody can say what is live: nothing goes up, and the way back is open.
    routerFails(canary, "read");
    verify.held(await when.up(canary), /the live weights cannot be read: .*the router does not read today/);
    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "rollback", 0);
    await verify.shareIs(canary, "1.0.0", 100);
    routerFails(canary, null);
    verify.moved(await when.up(canary), "finalize");
    await verify.onlyVersionLeftIs(canary, "1.0.0");
    await verify.updatesAreIdle(canary);
    await verify.noRequestFailed(canary);
  });

  story("a share that was lowered with the router's own tools is adopted", async (world) => {
    const canary = await given.emptyChannel(world);
    isRoutedByCommands(canary);
    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "install");
    await canary.startLoad();
    when.versionIsSet(canary, "1.1.0");
    await when.rolloutReaches(canary, 10);
    await weightsArePatched(canary, [100, 0], "router-api");
    const adopted = await when.up(canary);
    verify.tells(adopted, /lowered from 10 % to 0 % outside of this program: adopted, and held/);
    verify.held(await when.up(canary), /braked by hand, at 0 %/);
    await verify.noRequestFailed(canary);
  });
});
