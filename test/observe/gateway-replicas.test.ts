import { confirm } from "../../observe/data-plane";
import { replicasOf } from "../../observe/gateway-replicas";
import { probe } from "../../observe/probe";
import { asking, baseline, candidate } from "./confirmation-request";
import { Servers } from "./servers";

const servers = new Servers();
beforeEach(() => {
  jest.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await servers.close();
});

/** A replica that gives the candidate its share in turn. */
function replica(share: () => number, host?: string, port?: number): Promise<string> {
  let asked = 0;
  return servers.start(
    (_, response) => {
      response.setHeader("x-release", (asked++ * share()) % 100 < share() ? candidate : baseline);
      response.end();
    },
    host,
    port,
  );
}

describe("a gateway of several replicas", () => {
  test("is confirmed when each of them shows the weight, and tells how many there are", async () => {
    const urls = await Promise.all([replica(() => 30), replica(() => 30), replica(() => 30)]);
    const { services } = await confirm(asking(urls, 30));
    expect(services.api).toMatchObject({ asked: 30, observed: 30, probes: 600, candidate: 180, replicas: 3 });
  });

  test("is not confirmed while one of them lags behind, which is named", async () => {
    const current = await replica(() => 30);
    const lagging = await replica(() => 10);
    await expect(confirm(asking([current, lagging], 30, { withinSeconds: 2 }))).rejects.toThrow(
      new RegExp(`seen 10\\.0 % \\(20 of 200 answers to 200 probes\\), ${lagging}`),
    );
  });

  test("is confirmed as soon as the last one has caught up", async () => {
    let answers = 0;
    const current = await replica(() => 30);
    const lagging = await replica(() => (answers++ < 250 ? 10 : 30));
    const { services } = await confirm(asking([current, lagging], 30));
    expect(answers).toBeGreaterThan(250);
    expect(services.api?.replicas).toBe(2);
  });

  test("is asked at every address of its name", async () => {
    const first = await replica(() => 100);
    const { port } = new URL(first);
    await replica(() => 0, "127.0.0.2", Number(port));
    const addresses = ["127.0.0.1", "127.0.0.2"].map((address) => ({ address, family: 4 }));
    const replicas = await replicasOf(`http://gateway.test:${port}`, async () => addresses);
    const answers = await Promise.all(
      replicas.map((one) =>
        probe(one, {
          ...{ hostname: "shop.localhost", path: "/", releaseHeader: "x-release" },
          ...{ headers: {}, query: {}, timeoutMilliseconds: 5000 },
        }),
      ),
    );
    expect(answers.map(({ release }) => release)).toEqual([candidate, baseline]);
    for (const { agent } of replicas) agent.destroy();
  });

  test.each([
    ["one address", [{ address: "10.0.0.1", family: 4 }], 1],
    [
      "one address of each family",
      [
        { address: "::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ],
      1,
    ],
    [
      "two of IPv6",
      [
        { address: "fd00::1", family: 6 },
        { address: "fd00::2", family: 6 },
      ],
      2,
    ],
    ["two of IPv4, and one of IPv6", [4, 4, 6].map((family, at) => ({ address: `a${at}`, family })), 2],
    ["none", [], 1],
  ])("a name with %s", async (_, addresses, count) => {
    expect(await replicasOf("http://gateway.test", async () => addresses)).toHaveLength(count);
  });
});
