import { gatewayUrl } from "../../local/settings";
import { kubectl } from "./story/by-hand";
import {
  apiComesToHave,
  apiHas,
  apiOf,
  bringsFrontAfterApi,
  podsOfApi,
  quotaOfPodsIs,
} from "./story/capacity";
import * as given from "./story/given";
import { liveWeights } from "./story/kubernetes";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

/** Share of each service's candidate. */
async function shares(namespace: string, candidate: string): Promise<Record<string, number>> {
  const live = Object.entries(await liveWeights(namespace));
  return Object.fromEntries(
    live
      .filter(([backend]) => backend.includes(candidate.replaceAll(".", "-")))
      .map(([backend, weight]) => [backend.slice(0, backend.indexOf("-")), weight]),
  );
}

describe("pods and traffic", () => {
  story("a lean baseline gets its pods back before it gets its traffic back", async (world) => {
    const canary = await given.emptyChannel(world);
    apiHas(canary, { replicas: 3 });
    canary.configure({ capacity: "lean", surge: 2, stages: [10, 50, 100], rollbackWindow: "1h" });
    verify.moved(await when.up(canary), "install");
    await canary.startLoad(undefined, { alsoWithNew: true });

    when.versionIsSet(canary, "1.1.0");
    await when.rolloutReaches(canary, 50);
    expect(await podsOfApi(canary)).toEqual({ "1.0.0": 2, "1.1.0": 2 });
    await when.rolloutReaches(canary, 100);
    expect(await podsOfApi(canary)).toEqual({ "1.0.0": 1, "1.1.0": 3 });
    await verify.updatesAreIdle(canary);

    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "rollback", 0);
    expect(await podsOfApi(canary)).toEqual({ "1.0.0": 3, "1.1.0": 1 });
    await verify.shareIs(canary, "1.0.0", 100);
    await verify.noRequestFailed(canary);
  });

  story("an autoscaler is told what a share needs, and is not fought", async (world) => {
    const canary = await given.emptyChannel(world);
    apiHas(canary, { autoscaling: { minReplicas: 2, maxReplicas: 6, cpuUtilization: 80 } });
    verify.moved(await when.up(canary), "install");
    await canary.startLoad();

    const api = await apiOf(canary, "1.0.0");
    await kubectl(canary, "scale", "deployment", api, "--replicas=4");
    await kubectl(canary, "rollout", "status", "deployment", api, "--timeout=60s");
    await verify.updatesAreIdle(canary);
    expect(await podsOfApi(canary)).toEqual({ "1.0.0": 4 });

    when.versionIsSet(canary, "1.1.0");
    verify.moved(await when.upOnceOpen(canary), "start", 10);
    expect((await verify.recordOf(canary)).sizes).toEqual({ api: 4 });
    canary.set({ stage: "10" });
    await verify.updatesAreIdle(canary);

    const edited = JSON.stringify({ spec: { minReplicas: 3 } });
    await kubectl(canary, "patch", "hpa", await apiOf(canary, "1.1.0"), "--patch", edited);
    await apiComesToHave(canary, { "1.0.0": 4, "1.1.0": 3 });
    await kubectl(canary, "rollout", "status", "deployment", await apiOf(canary, "1.1.0"), "--timeout=60s");
    await verify.nothingChanges(canary, async () => {
      verify.succeeded(await when.up(canary, "--expect-no-changes"));
    });

    canary.set({ stage: "auto" });
    await when.rolloutReaches(canary, 100);
    expect(await podsOfApi(canary)).toEqual({ "1.0.0": 4, "1.1.0": 4 });
    await verify.shareIs(canary, "1.1.0", 100);
    await verify.noRequestFailed(canary);
  });

  story("a quota that is too small holds the start, and opens it when it is raised", async (world) => {
    const canary = await given.channelRunning(world, "1.0.0");
    await quotaOfPodsIs(canary, 4);
    when.versionIsSet(canary, "1.1.0");
    const update = await when.up(canary);
    verify.held(update, /capacity/);
    verify.tells(update, /the quota team leaves 1 of pods, and this step needs 2/);
    await verify.nothingChanges(canary, async () => verify.held(await when.up(canary), /capacity/));

    await quotaOfPodsIs(canary, 20);
    verify.moved(await when.upOnceOpen(canary), "start", 10);
    await verify.noRequestFailed(canary);
  });

  story("a service that comes after another waits until that one was seen to have moved", async (world) => {
    const canary = await given.emptyChannel(world);
    for (const version of ["1.0.0", "1.1.0"]) bringsFrontAfterApi(canary, version);
    verify.moved(await when.up(canary), "install");
    await canary.startLoad();

    const { gateway } = canary.section;
    canary.configure({ gateway: { ...gateway, url: "http://127.0.0.1:1" }, confirmWithin: "2s" });
    when.versionIsSet(canary, "1.1.0");
    const unseen = await when.up(canary);
    verify.refused(unseen, /did not show the new weight of api/);
    expect(await shares(canary.namespace, "1.1.0")).toEqual({ api: 10 });

    canary.configure({ gateway: { ...gateway, url: gatewayUrl }, confirmWithin: "30s" });
    verify.succeeded(await when.upOnceOpen(canary));
    expect(await shares(canary.namespace, "1.1.0")).toEqual({ api: 10, front: 10 });
    canary.set({ stage: "10" });
    await verify.updatesAreIdle(canary);

    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "rollback", 0);
    expect(await shares(canary.namespace, "1.1.0")).toEqual({ api: 0, front: 0 });
    await verify.noRequestFailed(canary);
  });
});
