import { channelSection } from "../../config/schemas/channel";
import { autoscalers, capacity } from "../../policies/pack/capacity";
import { types } from "../../policies/pack/objects";
import { labelKeys } from "../../rollout/labels";
import type { LiveTraffic } from "../../rollout/live";
import { objectName, type Release } from "../../rollout/release";
import { written } from "../components/section";
import { liveAt, next, old, recordOf, rolling } from "../rollout/releases";
import { configurationOf, judgedTo, judgementsOf, violations } from "./pack-run";

const bounds = { minReplicas: 2, maxReplicas: 20, cpuUtilization: 70 };
const scaled = channelSection.parse({
  ...written,
  services: { ...written.services, api: { autoscaling: bounds } },
});
const lean = channelSection.parse({ ...written, capacity: "lean" });

const judged = (channel: typeof scaled, workloads?: LiveTraffic["workloads"]) =>
  judgementsOf(
    judgedTo(rolling(30), "advance", {
      configuration: configurationOf("1.1.0", channel),
      record: recordOf(rolling(10)),
      sizes: channel === scaled ? { api: 10 } : {},
      live: { ...liveAt(rolling(10)), ...(workloads === undefined ? {} : { workloads }) },
    }),
  );

const metadata = (release: Release) => ({
  name: objectName("api", release),
  namespace: "shop-canary",
  labels: { [labelKeys.name]: "api", [labelKeys.release]: release.id },
});
const deployment = (release: Release, replicas: number) => ({
  type: types.deployment,
  props: { metadata: metadata(release), spec: { replicas, template: { spec: { containers: [] } } } },
});
const autoscaler = (release: Release, minReplicas: number, more: object = {}) => ({
  type: types.autoscaler,
  props: {
    metadata: metadata(release),
    spec: {
      scaleTargetRef: { kind: "Deployment", name: objectName("api", release) },
      ...{ minReplicas, maxReplicas: 20 },
      ...more,
    },
  },
});

describe("the pack", () => {
  test.each([
    [next, 3, []],
    [old, 7, []],
    [next, 2, ["it: it has 2 replicas; the position that was judged needs 3"]],
    [old, 6, ["it: it has 6 replicas; the position that was judged needs 7"]],
  ])("wants the pods that the share needs (%#)", async (release, replicas, expected) => {
    expect(await violations(capacity(judged(lean)), deployment(release, replicas))).toEqual(expected);
  });

  test("leaves replicas to an autoscaler, the channel's or somebody's own", async () => {
    const workloads = { [objectName("api", next)]: { replicas: 1, scaledBy: "mine" } };
    expect(await violations(capacity(judged(scaled)), deployment(next, 1))).toEqual([]);
    expect(await violations(capacity(judged(lean, workloads)), deployment(next, 1))).toEqual([]);
  });

  test.each([
    [autoscaler(next, 3), []],
    [autoscaler(old, 10), []],
    [
      autoscaler(next, 1),
      [expect.stringContaining("it keeps 1 to 20 pods; the position that was judged needs 3 to 20")],
    ],
    [autoscaler(next, 3, { maxReplicas: 90 }), [expect.stringContaining("3 to 90")]],
    [
      autoscaler(next, 3, { scaleTargetRef: { kind: "Deployment", name: objectName("api", old) } }),
      [expect.stringContaining("not Deployment")],
    ],
  ])("wants autoscalers to keep it (%#)", async (question, expected) => {
    expect(await violations(autoscalers(judged(scaled)), question)).toEqual(expected);
  });

  test("knows no autoscaler where none is configured", async () => {
    const found = await violations(autoscalers(judged(lean)), autoscaler(next, 3));
    expect(found).toEqual([expect.stringContaining("no service that is autoscaled here has it")]);
  });
});
