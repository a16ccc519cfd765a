import type { RequestListener, ServerResponse } from "node:http";
import { type ConfirmationRequest, confirm } from "../../observe/data-plane";
import { asking, baseline, candidate } from "./confirmation-request";
import { Servers } from "./servers";

const servers = new Servers();
/** What was told on the way, round by round. */
let progress = "";
/** What a round of probes that is told takes, on the clock of these tests. */
let roundMilliseconds = 0;
beforeEach(() => {
  progress = "";
  roundMilliseconds = 0;
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    progress += String(text);
    pass(roundMilliseconds);
    return true;
  });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await servers.close();
});

/** From now on the clock is what a test makes of it, however fast the machine is. */
function stopClock(): void {
  jest.spyOn(Date, "now").mockReturnValue(Date.now());
}

function pass(milliseconds: number): void {
  if (milliseconds > 0) jest.mocked(Date.now).mockReturnValue(Date.now() + milliseconds);
}

function answerAs(response: ServerResponse, release: string | null, status = 200): void {
  if (release !== null) response.setHeader("x-release", release);
  response.statusCode = status;
  response.end("body");
}

/** A gateway that gives the candidate its share in turn, as weighted round robin does. */
function weighted(share: () => number): RequestListener {
  let asked = 0;
  return (_, response) => answerAs(response, (asked++ * share()) % 100 < share() ? candidate : baseline);
}

/** The same with patience for two rounds, for what is never shown. */
function refusing(url: string, weight: number, more: Partial<ConfirmationRequest> = {}) {
  stopClock();
  roundMilliseconds = 1_000;
  return asking(url, weight, { withinSeconds: 2, ...more });
}

describe("confirming a weight at the data plane", () => {
  test.each([0, 10, 30, 100])("%i %% that is shown is confirmed, with what was seen", async (weight) => {
    const url = await servers.start(weighted(() => weight));
    const confirmed = await confirm(asking(url, weight));
    expect(confirmed.id).toBe("t2");
    expect(confirmed.services.api).toMatchObject({ asked: weight, observed: weight });
    expect(confirmed.services.api?.probes).toBeGreaterThanOrEqual(100);
    expect(new Date(confirmed.confirmedAt).toISOString()).toBe(confirmed.confirmedAt);
  });

  test("asks as a user would: host, path, and a header that says it is a probe", async () => {
    const seen = new Set<string>();
    const url = await servers.start((request, response) => {
      seen.add([request.method, request.headers.host, request.url, request.headers["x-probe"]].join(" "));
      answerAs(response, candidate);
    });
    await confirm(asking(url, 100));
    expect([...seen]).toEqual(["GET canary.shop.localhost /readyz release-channels"]);
  });

  test("an error of the service's own is an answer too: it names the release", async () => {
    const url = await servers.start((_, response) => answerAs(response, candidate, 503));
    await expect(confirm(asking(url, 100))).resolves.toMatchObject({ services: { api: { observed: 100 } } });
  });

  test("waits while the old weight is still shown", async () => {
    let answers = 0;
    const url = await servers.start(weighted(() => (answers++ < 250 ? 10 : 30)));
    const confirmed = await confirm(asking(url, 30));
    expect(answers).toBeGreaterThan(250);
    expect(confirmed.services.api?.observed).toBeGreaterThan(20);
  });

  test("the old weight stays: it tells what was asked, what was seen, and what to do next", async () => {
    const url = await servers.start(weighted(() => 10));
    await expect(confirm(refusing(url, 30))).rejects.toThrow(
      /new weight of api within 2 s: asked for 30 % at 1-1-0-bbbbbbbb, seen .*record stays as it was.*`pulumi up` tries again.*rolls back/,
    );
    expect(progress).toContain("api: asked 30 %, seen 10.0 % (20 of 200 answers to 200 probes)");
  });

  test.each([
    ["one straggler of the old release", 100, baseline, 200, /seen 99\.0 %/],
    ["another release", 100, "1-2-0-cccccccc", 200, /release 1-2-0-cccccccc/],
    ["something without the header", 100, null, 200, /status 200 with no release header/],
    ["the gateway's own 404", 100, null, 404, /status 404 with no release header/],
  ] as const)(
    "one answer in a hundred by %s: not confirmed, and told",
    async (_, weight, release, status, told) => {
      let asked = 0;
      const url = await servers.start((_request, response) =>
        ++asked % 100 === 0 ? answerAs(response, release, status) : answerAs(response, candidate),
      );
      await expect(confirm(refusing(url, weight))).rejects.toThrow("did not show the new weight");
      expect(progress).toMatch(told);
    },
  );

  test("a failed probe among good ones: not confirmed, and told", async () => {
    let asked = 0;
    const url = await servers.start((request, response) =>
      ++asked % 60 === 0 ? request.socket.destroy() : answerAs(response, candidate),
    );
    await expect(confirm(refusing(url, 100))).rejects.toThrow("did not show the new weight");
    expect(progress).toMatch(/answers to 100 probes\); .*(socket hang up|ECONNRESET)/);
  });

  test("nobody listens: not confirmed, with the reason", async () => {
    const url = await servers.nowhere();
    await expect(confirm(refusing(url, 10))).rejects.toThrow("did not show the new weight");
    expect(progress).toContain("ECONNREFUSED");
  });

  test("nobody answers: given up in about the time that was allowed, not after a whole round of time-outs", async () => {
    const url = await servers.start(() => {});
    const patience = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error("still waiting")), 6_000).unref();
    });
    await expect(Promise.race([confirm(asking(url, 0, { withinSeconds: 1 })), patience])).rejects.toThrow(
      /did not show the new weight/,
    );
  }, 15_000);

  test("several services: each has to show it, and the one that does not is named", async () => {
    const url = await servers.start((request, response) =>
      answerAs(response, request.headers.host === "a" ? candidate : baseline),
    );
    const [api] = asking(url, 100).services as [ConfirmationRequest["services"][number]];
    const services = [
      { ...api, hostname: "a" },
      { ...api, service: "web", hostname: "b" },
    ];
    await expect(confirm(refusing(url, 100, { services }))).rejects.toThrow(/new weight of web/);
    const both = services.map((service) => ({ ...service, hostname: "a" }));
    await expect(confirm(asking(url, 100, { services: both }))).resolves.toMatchObject({
      services: { api: { asked: 100 }, web: { asked: 100 } },
    });
  });

  test("the time is up in the middle of a round: the last whole one is told, not the cut", async () => {
    let probes = 0;
    const url = await servers.start((_, response) => {
      probes++;
      pass(16);
      answerAs(response, null, 404);
    });
    stopClock();
    await expect(confirm(asking(url, 0, { withinSeconds: 2.2 }))).rejects.toThrow(
      /seen none \(0 of 0 answers to 100 probes\); an answer of status 404/,
    );
    expect(probes).toBeGreaterThan(100);
    expect(probes).toBeLessThan(200);
  });

  test("the time is up before a service was asked: it is not said to have answered wrongly", async () => {
    const url = await servers.start((request, response) => {
      answerAs(response, request.headers.host === "a" ? baseline : candidate);
    });
    const [api] = asking(url, 100).services as [ConfirmationRequest["services"][number]];
    const services = [
      { ...api, hostname: "a" },
      { ...api, service: "web", hostname: "b" },
    ];
    const both = confirm(refusing(url, 100, { services, withinSeconds: 1 }));
    await expect(both).rejects.toThrow(/new weight of api/);
    await expect(
      confirm(refusing(url, 100, { services: services.slice(1), withinSeconds: 0 })),
    ).rejects.not.toThrow("0 of 0 answers to 100 probes");
  });
});
