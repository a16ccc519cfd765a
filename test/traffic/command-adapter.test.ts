import type { ChannelSection } from "../../config/schemas/channel";
import { adapterOf } from "../../traffic/adapters";
import type { CommandRequest } from "../../traffic/command";
import { reconciliation, transition } from "../components/channel";
import type { Registration } from "../components/engine";
import { commandSection, section } from "../components/section";
import { clusterWith } from "../observe/cluster";
import { completed, next, old, rolledBack, rolling, steady } from "../rollout/releases";
import { Router, request } from "./router";

const channel = commandSection;
const trafficOf = (list: Registration[]) => {
  const found = list.find(({ name }) => name === "canary-traffic-command");
  if (found === undefined) throw new Error("no command gives weights");
  return found;
};
const askedOf = (list: Registration[]): CommandRequest => JSON.parse(String(trafficOf(list).inputs.stdin));

describe("a channel with commands", () => {
  test("registers one fixed command for all its services, and no route", async () => {
    const { registrations } = await transition("start", steady(), rolling(10), { channel });
    expect(registrations.filter(({ type }) => type.endsWith(":HTTPRoute"))).toEqual([]);
    expect(registrations.map(({ name }) => name)).toContain("canary-api-internal");
    const { inputs } = trafficOf(registrations);
    expect(inputs).toMatchObject({
      create: "node run.cjs traffic/command.ts",
      addPreviousOutputInEnv: false,
    });
    expect(inputs).not.toHaveProperty("delete");
    expect(askedOf(registrations)).toEqual({
      id: "t2",
      goesBack: false,
      commands: {
        apply: ["split", "{service}", "{baseline}", "{candidate}", "{weight}"],
        read: ["split", "--read", "{namespace}"],
        timeoutSeconds: 30,
      },
      scope: {
        product: "shop",
        channel: "canary",
        namespace: "shop-canary",
        hostname: "canary.shop.localhost",
      },
      services: [
        {
          service: "api",
          weights: [
            { release: old.id, weight: 90 },
            { release: next.id, weight: 10 },
          ],
        },
      ],
    });
  });

  test("gives weights when the rising release is ready, and is confirmed after that", async () => {
    const { registrations } = await transition("start", steady(), rolling(10), { channel });
    const adapter = registrations.find(({ name }) => name === "canary-traffic");
    expect(adapter?.type).toBe("release-channels:index:CommandTrafficAdapter");
    expect(adapter?.dependencies).toContain(`canary-api-${next.id}-deployment`);
    const confirmation = registrations.find(({ name }) => name === "canary-confirmation-command");
    expect(confirmation?.dependencies).toContain("canary-traffic-command");
  });

  test("goes back without waiting", async () => {
    const back = await transition("rollback", rolling(30), rolledBack(), { channel });
    expect(askedOf(back.registrations).goesBack).toBe(true);
    const lowered = await transition("correct", rolling(30), rolling(10), { channel });
    expect(askedOf(lowered.registrations).goesBack).toBe(true);
    const up = await transition("advance", rolling(30), completed(), { channel });
    expect(askedOf(up.registrations).goesBack).toBe(false);
  });

  test("has the same command when nothing changes", async () => {
    const first = await transition("advance", rolling(10), rolling(30), { channel, id: "t1" } as never);
    const again = await reconciliation(rolling(30), {}, { channel });
    expect(trafficOf(again.registrations).inputs).toEqual(trafficOf(first.registrations).inputs);
  });
});

describe("what is live in a channel with commands", () => {
  let router: Router;
  beforeEach(() => {
    router = new Router({ api: { [old.id]: 9, [next.id]: 1 }, web: {} });
  });
  afterEach(() => router.remove());

  const live = () => {
    const { apply, read } = request({}).commands;
    const own: ChannelSection = {
      ...channel,
      gateway: { ...channel.gateway, command: { apply, read, timeout: 10 } },
    };
    return adapterOf(own).live({
      cluster: clusterWith({}),
      channelName: "canary",
      channel: own,
      projectDir: router.folder,
    });
  };

  test("is what its command reads, as shares; services without any have no route", async () => {
    expect(await live()).toEqual({ routes: { api: { [old.id]: 90, [next.id]: 10 } } });
  });

  test.each(["fails", "prints garbage"] as const)("is not known where it %s", async (fault) => {
    router.faults({ read: fault });
    expect(await live()).toEqual({
      routes: {},
      unread: expect.stringContaining("channel.gateway.command.read"),
    });
  });

  test("is of no cluster: no object is another's there", () => {
    expect(adapterOf(channel).objects).toEqual([]);
    expect(adapterOf(section).objects.map(({ kind }) => kind)).toEqual(["HTTPRoute", "GRPCRoute"]);
  });
});
