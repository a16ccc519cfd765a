import type { IncomingMessage, RequestListener } from "node:http";
import { type ConfirmationRequest, confirm } from "../../observe/data-plane";
import { cohortProbes } from "../../rollout/split";
import { asking as askingForWeight, baseline, candidate } from "./confirmation-request";
import { Servers } from "./servers";

const servers = new Servers();
let progress = "";
beforeEach(() => {
  progress = "";
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    progress += String(text);
    return true;
  });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await servers.close();
});

const isTester = ({ headers }: IncomingMessage) => headers["x-tester"] === "1";
const isBerlin = ({ headers }: IncomingMessage) => headers.cookie === "region=berlin";
const isShop = ({ url = "" }: IncomingMessage) =>
  new URL(url, "http://gateway").searchParams.get("shop") === "17";

/** A gateway with weights, and with rules for some requests before them. */
function gateway(weight: number, rules: ((request: IncomingMessage) => boolean)[]): RequestListener {
  let asked = 0;
  return (request, response) => {
    const wholly = rules.some((rule) => rule(request));
    const byWeight = () => ((asked++ * weight) % 100 < weight ? candidate : baseline);
    response.setHeader("x-release", wholly ? candidate : byWeight());
    response.end();
  };
}

const cohorts = (release: string): NonNullable<ConfirmationRequest["services"][number]["cohorts"]> => [
  { cohort: "testers", release, requests: [{ headers: { "x-tester": "1" }, query: {} }] },
  {
    cohort: "places",
    release,
    requests: [
      { headers: { cookie: "region=berlin" }, query: {} },
      { headers: {}, query: { shop: "17" } },
    ],
  },
];

function asking(
  url: string,
  weight: number,
  release: string = candidate,
  withinSeconds = 20,
): ConfirmationRequest {
  const request = askingForWeight(url, weight, { withinSeconds });
  const services = request.services.map((service) => ({ ...service, cohorts: cohorts(release) }));
  return { ...request, services };
}

describe("confirming cohorts at the data plane", () => {
  test("each alternative of each is wholly at the candidate, and the weight is measured without them", async () => {
    const url = await servers.start(gateway(10, [isTester, isBerlin, isShop]));
    const { services } = await confirm(asking(url, 10));
    expect(services.api).toEqual({
      asked: 10,
      observed: 10,
      probes: 200,
      candidate: 20,
      cohorts: { testers: 20, places: 40 },
    });
  });

  test.each([
    ["none of them", [], /of cohort testers \d+ of 20 probes reached 1-1-0-bbbbbbbb/],
    [
      "not all alternatives of one",
      [isTester, isBerlin],
      /of cohort places \d+ of 20 probes reached 1-1-0-bbbbbbbb/,
    ],
  ])("%s is taken by a rule: not confirmed, and told", async (_, rules, expected) => {
    const url = await servers.start(gateway(10, rules));
    await expect(confirm(asking(url, 10, candidate, 1))).rejects.toThrow(
      "did not show the new weight of api",
    );
    expect(progress).toMatch(expected);
  });

  test("after a rollback all of them are at the baseline; one that is left is told", async () => {
    const good = await servers.start(gateway(0, []));
    await expect(confirm(asking(good, 0, baseline))).resolves.toMatchObject({
      services: { api: { observed: 0, cohorts: { testers: 20, places: 40 } } },
    });
    const left = await servers.start(gateway(0, [isBerlin]));
    await expect(confirm(asking(left, 0, baseline, 1))).rejects.toThrow(/did not show/);
    expect(progress).toContain("of cohort places 0 of 20 probes reached 1-0-0-aaaaaaaa");
  });

  test("they are awaited as the weight is", async () => {
    let requests = 0;
    const before = gateway(10, []);
    const after = gateway(10, [isTester, isBerlin, isShop]);
    const url = await servers.start((...exchange) => (requests++ < 230 ? before : after)(...exchange));
    await expect(confirm(asking(url, 10))).resolves.toMatchObject({ services: { api: { asked: 10 } } });
    expect(progress).toMatch(/seen 10\.0 % .*of cohort testers/);
  });

  test("the path's own query is kept", async () => {
    const seen = new Set<string>();
    const url = await servers.start((request, response) => {
      seen.add(request.url ?? "");
      gateway(100, [])(request, response);
    });
    const request = asking(url, 100);
    await confirm({
      ...request,
      services: request.services.map((one) => ({ ...one, path: "/readyz?deep=1" })),
    });
    expect([...seen].sort()).toEqual(["/readyz?deep=1", "/readyz?deep=1&shop=17"]);
  });
});

describe("the probes of a cohort", () => {
  test.each([
    [0, 20],
    [10, 20],
    [90, 66],
    [99, 100],
    [100, 20],
  ])("where it would have %i %% without its rule: %i", (weight, expected) => {
    expect(cohortProbes(weight)).toBe(expected);
  });
});
