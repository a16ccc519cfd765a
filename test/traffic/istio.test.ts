import { readFileSync } from "node:fs";
import type { ChannelSection } from "../../config/schemas/channel";
import { channelSection } from "../../config/schemas/channel";
import { adapters } from "../../traffic/adapters";
import { transition } from "../components/channel";
import type { Registration } from "../components/engine";
import { section } from "../components/section";
import { examplesOf } from "../docs/markdown";
import { clusterWith } from "../observe/cluster";
import { next, old, rolling, steady } from "../rollout/releases";
import { istio } from "./istio";

const weights = istio.written[0]!;

/** As if it stood in the table. */
const channel: ChannelSection = { ...section, gateway: { ...section.gateway, adapter: "istio" as never } };
beforeAll(() => void Object.assign(adapters, { istio }));
afterAll(() => void delete (adapters as Record<string, unknown>).istio);

const sources = (objects: Parameters<typeof clusterWith>[0]) => ({
  ...{ cluster: clusterWith(objects), channelName: "canary", channel, projectDir: "/nowhere" },
});
const written = async (): Promise<Registration["inputs"]> => {
  const { registrations } = await transition("start", steady(), rolling(10), { channel });
  const found = registrations.find(({ type }) => type === weights.type);
  if (found === undefined) throw new Error("there is no VirtualService");
  return found.inputs;
};
const target = (weight: number) => ({
  ...{ channelName: "canary", channel, to: rolling(weight) },
  transition: { id: "t2", kind: "start" as const },
});
const checked = (inputs: object, weight: number) =>
  weights.check(weights.schema.parse(inputs), target(weight));

test("the adapter of the document is this one, word for word", () => {
  const [example] = examplesOf("docs/traffic-adapters.md", "typescript");
  expect(example?.text).toBe(readFileSync("test/traffic/istio.ts", "utf8").replaceAll('"../../', '"../'));
});

describe("an adapter that the project does not have", () => {
  test("writes what it reads back, and its own check finds nothing wrong with", async () => {
    const inputs = await written();
    expect(inputs.spec).toMatchObject({
      hosts: ["canary.shop.localhost"],
      gateways: ["gateway/shared"],
      http: [
        {
          route: [
            { destination: { host: `api-${old.id}` }, weight: 90 },
            { destination: { host: `api-${next.id}` }, weight: 10 },
          ],
        },
      ],
    });
    const routes = { api: { [old.id]: 90, [next.id]: 10 } };
    expect(await istio.live(sources({ routes: [inputs] }))).toEqual({ routes });
    expect(checked(inputs, 10)).toEqual([]);
  });

  test("finds out what is not what was judged", async () => {
    expect(checked(await written(), 30)).toEqual([expect.stringMatching(/the position that was judged has/)]);
  });

  test("says that its Gateway is missing", async () => {
    expect(await istio.problem(sources({}), steady())).toMatch(/gateway\/shared does not exist/);
    expect(await istio.problem(sources({ gateway: {} }), steady())).toBeNull();
  });

  test("is refused by its name as long as it is in no table", () => {
    const { success } = channelSection.safeParse({ ...section, gateway: channel.gateway });
    expect(success).toBe(false);
  });
});
