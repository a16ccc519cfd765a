import { observeSplit } from "../../observe/split";
import { objectName } from "../../rollout/release";
import { aChannel, policy } from "../gates/transitions";
import { at, completed, next, old, recordOf, rolledBack, rolling, steady } from "../rollout/releases";
import { prometheusKnowing, type Samples } from "./prometheus-stub";
import { Servers } from "./servers";
import { sourcesWith } from "./sources";

const servers = new Servers();
afterEach(() => servers.close());

const at0 = Date.parse(at(0)) / 1000;
const [candidate, baseline] = [objectName("api", next), objectName("api", old)];
const advance = { kind: "advance", to: rolling(30), record: recordOf(rolling(10)) } as const;

/** So many requests of each, one second after the other up to this one, seconds after the record's time. */
const counter = (perSecond: number, until: number): Samples =>
  Array.from({ length: until + 1 }, (_, second) => [at0 + second, String(second * perSecond)]);

async function observed(
  transition: Parameters<typeof observeSplit>[0],
  { seconds = 100, slo = policy(), prometheus = true } = {},
) {
  const { url, queries } = await prometheusKnowing(servers, [
    [[candidate], [{ values: counter(1, seconds) }]],
    [[baseline], [{ values: counter(9, seconds) }]],
  ]);
  const channel = aChannel(prometheus ? { prometheus: { url, scrapeInterval: "2s" } } : {});
  const split = await observeSplit(transition, sourcesWith({ channel, slo, now: new Date(at(seconds)) }));
  return { split, queries };
}

describe("what the gateway itself has counted of late", () => {
  test.each([
    ["before a share rises", advance],
    ["before the old release is taken away", { ...advance, kind: "finalize", record: recordOf(completed()) }],
    [
      "before what was rolled back is taken away",
      { ...advance, kind: "finalize", record: recordOf(rolledBack()) },
    ],
  ] as const)("is both releases' requests, %s", async (_, transition) => {
    const { split } = await observed(transition);
    expect(split).toEqual({
      status: "known",
      windowSeconds: 15,
      services: { api: { candidate: 15, baseline: 135 } },
    });
  });

  test("begins a scrape after the weight was confirmed", async () => {
    const { split } = await observed(advance, { seconds: 8 });
    expect(split).toMatchObject({ windowSeconds: 6, services: { api: { candidate: 6, baseline: 54 } } });
  });

  test("is nothing yet, right after that", async () => {
    expect((await observed(advance, { seconds: 3 })).split).toMatchObject({ services: {} });
  });

  test.each([
    ["at a start", { kind: "start", to: rolling(10), record: recordOf(steady()) }],
    ["at a rollback", { kind: "rollback", to: rolledBack(), record: recordOf(rolling(10)) }],
    ["at a contract", { kind: "finalize", to: steady(), record: recordOf(steady()) }],
  ] as const)("is not asked for %s", async (_, transition) => {
    const { split, queries } = await observed(transition);
    expect(split.status).toBe("not-configured");
    expect(queries).toEqual([]);
  });

  test.each([
    ["there is no metrics source", { prometheus: false }],
    ["the application counts for itself", { slo: policy(undefined, { source: "application" }) }],
  ])("is not asked for where %s", async (_, more) => {
    expect((await observed(advance, more)).split.status).toBe("not-configured");
  });

  test("is said not to be known where it cannot be asked", async () => {
    const channel = aChannel({ prometheus: { url: "http://127.0.0.1:9", scrapeInterval: "2s" } });
    const split = await observeSplit(advance, sourcesWith({ channel, now: new Date(at(100)) }));
    expect(split).toMatchObject({ status: "unavailable", problem: expect.stringContaining("127.0.0.1:9") });
  });
});
