import type { RequestListener, ServerResponse } from "node:http";
import { type ConfirmationRequest, confirm } from "../../observe/data-plane";
import { Servers } from "./servers";

const servers = new Servers();
beforeEach(() => {
  jest.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await servers.close();
});

const [baseline, candidate] = ["1-0-0-aaaaaaaa", "1-1-0-bbbbbbbb"];

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

function asking(url: string, weight: number, more: Partial<ConfirmationRequest> = {}): ConfirmationRequest {
  return {
    id: "t2",
    url,
    releaseHeader: "X-Release",
    withinSeconds: 0.3,
    services: [
      {
        service: "api",
        hostname: "canary.shop.localhost",
        path: "/readyz",
        weights: { [baseline]: 100 - weight, [candidate]: weight },
        candidate,
      },
    ],
    ...more,
  };
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
    const confirmed = await confirm(asking(url, 30, { withinSeconds: 20 }));
    expect(answers).toBeGreaterThan(250);
    expect(confirmed.services.api?.observed).toBeGreaterThan(20);
  });

  test("the old weight stays: the error tells what was asked and what was seen", async () => {
    const url = await servers.start(weighted(() => 10));
    await expect(confirm(asking(url, 30))).rejects.toThrow(
      /weight of api within 0\.3 s: asked for 30 % at 1-1-0-bbbbbbbb, seen 10\.0 % \(20 of 200 answers to 200 probes\)/,
    );
  });

  test("and what to do next", async () => {
    const url = await servers.start(weighted(() => 10));
    await expect(confirm(asking(url, 30))).rejects.toThrow(
      /record stays as it was.*`pulumi up` tries again.*rolls back/,
    );
  });

  test("one straggler at 100 % is not yet 100 %", async () => {
    let asked = 0;
    const url = await servers.start((_, response) =>
      answerAs(response, ++asked % 100 === 0 ? baseline : candidate),
    );
    await expect(confirm(asking(url, 100))).rejects.toThrow("seen 99.0 %");
  });

  test.each([
    [
      "another release answers",
      (asked: number) => (asked % 50 === 0 ? "1-2-0-cccccccc" : candidate),
      /release 1-2-0-cccccccc/,
    ],
    [
      "something without the header answers",
      (asked: number) => (asked % 50 === 0 ? null : candidate),
      /status 200 with no release header/,
    ],
  ] as const)("%s: not confirmed, and said", async (_, release, message) => {
    let asked = 0;
    const url = await servers.start((_request, response) => answerAs(response, release(asked++)));
    await expect(confirm(asking(url, 100))).rejects.toThrow(message);
  });

  test("the gateway itself says 404: not confirmed, and said", async () => {
    const url = await servers.start((_, response) => answerAs(response, null, 404));
    await expect(confirm(asking(url, 0))).rejects.toThrow(
      /none \(0 of 0 answers to 100 probes\); an answer of status 404/,
    );
  });

  test("a failed probe among good ones: not confirmed", async () => {
    let asked = 0;
    const url = await servers.start((request, response) =>
      ++asked % 60 === 0 ? request.socket.destroy() : answerAs(response, candidate),
    );
    await expect(confirm(asking(url, 100))).rejects.toThrow(
      /answers to 100 probes\); .*(socket hang up|ECONNRESET)/,
    );
  });

  test("nobody listens: not confirmed, with the reason", async () => {
    const url = await servers.nowhere();
    await expect(confirm(asking(url, 10))).rejects.toThrow(/ECONNREFUSED/);
  });

  test("nobody answers: given up in about the time that was allowed, not after a whole round of time-outs", async () => {
    const url = await servers.start(() => {});
    const patience = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error("still waiting")), 6_000).unref();
    });
    await expect(Promise.race([confirm(asking(url, 0)), patience])).rejects.toThrow(
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
    await expect(confirm(asking(url, 100, { services }))).rejects.toThrow(/new weight of web/);
    const both = services.map((service) => ({ ...service, hostname: "a" }));
    await expect(confirm(asking(url, 100, { services: both }))).resolves.toMatchObject({
      services: { api: { asked: 100 }, web: { asked: 100 } },
    });
  });
});
