import { type ChannelSection, channelSection } from "../../config/schemas/channel";
import type { LiveTraffic } from "../../rollout/live";
import type { ChannelRecord, Intent, Position, TransitionKind } from "../../rollout/record";
import { objectName, type Release } from "../../rollout/release";
import {
  aRelease,
  at,
  completed,
  next,
  old,
  rolledBack,
  rolling,
  steady,
  twoFrontsAndWorker,
} from "../rollout/releases";
import { envelopeOf, lookAgain, transition } from "./channel";
import type { Registration } from "./engine";
import { section, written } from "./section";

const autoscaled: ChannelSection = channelSection.parse({
  ...written,
  services: {
    ...written.services,
    api: { autoscaling: { minReplicas: 2, maxReplicas: 20, cpuUtilization: 70 } },
  },
});
const lean: ChannelSection = { ...section, capacity: "lean" };

const running = (api: number, scaledBy?: string): LiveTraffic["workloads"] => ({
  [objectName("api", old)]: { replicas: api, ...(scaledBy === undefined ? {} : { scaledBy }) },
});

const find = (list: Registration[], name: string): Registration => {
  const found = list.find((one) => one.name === name);
  if (found === undefined) throw new Error(`nothing is named ${name}`);
  return found;
};
const deployment = (release: Release, service = "api") => `canary-${service}-${release.id}-deployment`;
const autoscaler = (release: Release) => `canary-api-${release.id}-autoscaler`;
const specOf = (list: Registration[], name: string) =>
  find(list, name).inputs.spec as Record<string, unknown>;
const inOrder = (list: Registration[], ...names: string[]) =>
  expect(list.map(({ name }) => name).filter((name) => names.includes(name))).toEqual(names);

describe("a lean baseline", () => {
  test("is made smaller by the update that moves its traffic, after that was recorded", async () => {
    const { registrations } = await transition("advance", rolling(10), rolling(30), { channel: lean });
    inOrder(registrations, deployment(next), "canary-api-route", "record", deployment(old));
    expect(specOf(registrations, deployment(old)).replicas).toBe(7);
    expect(specOf(registrations, deployment(next)).replicas).toBe(3);
  });

  test.each([rolling(30), completed()])(
    "is whole and ready again before a rollback moves a route (%#)",
    async (from) => {
      const { registrations } = await transition("rollback", from, rolledBack(), { channel: lean });
      inOrder(registrations, deployment(old), "canary-api-route", "record", deployment(next));
      expect(specOf(registrations, deployment(old)).replicas).toBe(10);
      expect(find(registrations, deployment(old)).inputs.metadata).toMatchObject({
        annotations: { "release-channels.dev/transition": "t2" },
      });
    },
  );
});

describe("an autoscaled service", () => {
  const start = (more: object = {}) =>
    transition("start", steady(), rolling(30), { channel: autoscaled, workloads: running(10), ...more });

  test("has an autoscaler for each live release, which keeps what its share needs", async () => {
    const { registrations, record } = await start();
    expect(record?.sizes).toEqual({ api: 10 });
    expect(specOf(registrations, autoscaler(next))).toMatchObject({
      scaleTargetRef: { kind: "Deployment", name: objectName("api", next) },
      minReplicas: 3,
      maxReplicas: 20,
      metrics: [{ resource: { name: "cpu", target: { averageUtilization: 70 } } }],
    });
    expect(specOf(registrations, autoscaler(old))).toMatchObject({ minReplicas: 10, maxReplicas: 20 });
  });

  test("begins with these pods, and is left to its autoscaler afterwards", async () => {
    const { registrations } = await start();
    expect(specOf(registrations, deployment(next)).replicas).toBe(3);
    for (const release of [old, next]) {
      expect(find(registrations, deployment(release)).ignoresChanges).toEqual(["spec.replicas"]);
    }
    expect(find(registrations, deployment(next, "worker")).ignoresChanges).toEqual([]);
  });

  test("gets traffic when its pods were seen to be ready, and loses them when the traffic was seen to be gone", async () => {
    const { registrations } = await start();
    const waits = find(registrations, "canary-capacity-command");
    expect(JSON.parse(String(waits.inputs.stdin))).toEqual({
      id: "t2",
      namespace: "shop-canary",
      deployments: { [objectName("api", next)]: 3 },
      withinSeconds: 120,
    });
    expect(waits.dependencies).toEqual(expect.arrayContaining([autoscaler(next), deployment(next)]));
    inOrder(
      registrations,
      autoscaler(next),
      "canary-capacity-command",
      "canary-api-route",
      "record",
      autoscaler(old),
    );
    expect(find(registrations, "canary-api-route").dependencies).toContain("canary-capacity-command");
  });

  test("of somebody's own has none of ours, and is left alone; its size counts", async () => {
    const workloads = running(6, "mine");
    const { registrations, record } = await transition("start", steady(), rolling(50), { workloads });
    expect(registrations.filter(({ name }) => name.endsWith("-autoscaler"))).toEqual([]);
    expect(find(registrations, deployment(old)).ignoresChanges).toEqual(["spec.replicas"]);
    expect(find(registrations, deployment(next)).ignoresChanges).toEqual([]);
    expect(specOf(registrations, deployment(next)).replicas).toBe(3);
    expect(record?.sizes).toEqual({ api: 6 });
  });

  test.each<[TransitionKind, Position, Position]>([
    ["start", steady(), rolling(10)],
    ["advance", rolling(30), completed()],
    ["rollback", rolling(30), rolledBack()],
    ["finalize", completed(), steady(next)],
    ["correct", rolling(30), rolling(5)],
  ])("%s: what the autoscaler does after it makes no difference", async (kind, from, to) => {
    const remembers = from.candidate === null ? {} : { sizes: { api: 8 } };
    const circumstances = { channel: autoscaled, remembers };
    const made = await transition(kind, from, to, { ...circumstances, workloads: running(9) });
    const intent = find(made.registrations, "intent").inputs.input as Intent;
    const again = await lookAgain(made.record as ChannelRecord, intent, {
      channel: autoscaled,
      keptEvidence: envelopeOf(made.registrations),
      workloads: { ...running(14), [objectName("api", next)]: { replicas: 5 } },
    });
    const inputs = (list: Registration[]) => Object.fromEntries(list.map((one) => [one.name, one.inputs]));
    expect(inputs(again.registrations)).toEqual(inputs(made.registrations));
  });
});

describe("services in an order", () => {
  const { api, web, worker } = twoFrontsAndWorker;
  const ordered = aRelease(
    "1.1.0",
    {},
    { web: { ...web, after: ["api"] }, api, worker: { ...worker, after: ["web"] } },
  );
  const before = aRelease("1.0.0", {}, twoFrontsAndWorker);
  const stdout = (confirmedAt: string, service: string) => ({
    stdout: JSON.stringify({
      id: "t2",
      confirmedAt,
      services: { [service]: { asked: 10, observed: 10, probes: 200, candidate: 20 } },
    }),
  });
  const commands = {
    "canary-confirmation-command": stdout(at(100), "api"),
    "canary-confirmation-2-command": stdout(at(110), "web"),
  };
  const questions = (list: Registration[]) =>
    Object.keys(commands).map((name) =>
      (JSON.parse(String(find(list, name).inputs.stdin)) as { services: { service: string }[] }).services.map(
        ({ service }) => service,
      ),
    );

  test("become ready in it, and a route waits until the one before was seen to have moved", async () => {
    const to = rolling(10, ordered, before);
    const { registrations, record } = await transition("start", steady(before), to, { commands });
    inOrder(
      registrations,
      deployment(ordered, "api"),
      deployment(ordered, "web"),
      deployment(ordered, "worker"),
      "canary-api-route",
      "canary-confirmation-command",
      "canary-web-route",
      "canary-confirmation-2-command",
      "record",
    );
    expect(questions(registrations)).toEqual([["api"], ["web"]]);
    expect(find(registrations, "canary-web-route").dependencies).toContain("canary-confirmation-command");
    expect(record).toMatchObject({ since: at(110) });
    expect(record?.history).toHaveLength(1);
  });

  test("go back in the reverse order, and nothing is asked between", async () => {
    const from = rolling(30, ordered, before);
    const { registrations } = await transition("rollback", from, rolledBack(ordered, before), { commands });
    const route = find(registrations, "canary-api-route");
    expect(route.dependencies).toContain("canary-web-route");
    expect(route.dependencies.filter((name) => name.includes("confirmation"))).toEqual([]);
    for (const name of Object.keys(commands)) {
      expect(find(registrations, name).dependencies).toEqual(
        expect.arrayContaining(["canary-api-route", "canary-web-route"]),
      );
    }
    expect(questions(registrations)).toEqual([["api"], ["web"]]);
  });
});
