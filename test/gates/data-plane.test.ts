import { dataPlane } from "../../policies/gates/data-plane";
import { apiAndWorker, aRelease, liveAt, rolledBack, rolling, steady } from "../rollout/releases";
import { transition } from "./transitions";

const live = (routes: Record<string, Record<string, number>>) => ({
  live: { routes, mirror: null, jobs: [] },
});

describe("the data plane", () => {
  test("is ready, and as recorded", () => {
    expect(dataPlane(transition())).toMatchObject({
      gate: "data-plane",
      status: "pass",
      observed: "10 % live",
      expected: "10 %",
    });
  });

  test("is ready for a first install", () => {
    const first = { kind: "install", to: steady(), from: null } as const;
    expect(dataPlane(transition(first)).status).toBe("pass");
  });

  test.each([
    ["install", null, steady()],
    ["start", steady(), rolling(10)],
    ["advance", rolling(10), rolling(30)],
    ["finalize", rolledBack(), steady()],
  ] as const)("has a gateway that takes no routes: %s is refused, with the reason", (kind, from, to) => {
    const snapshot = { gateway: { problem: "Gateway gateway/shared does not exist" } };
    expect(dataPlane(transition({ kind, from, to, snapshot }))).toMatchObject({
      status: "fail",
      reason: "Gateway gateway/shared does not exist",
    });
  });

  test("shows more of the candidate than recorded: held", () => {
    const snapshot = { live: liveAt(rolling(50)) };
    expect(dataPlane(transition({ snapshot }))).toMatchObject({
      status: "hold",
      observed: "50 % live",
      expected: "10 %",
    });
  });

  test("shows less of the candidate than recorded: someone's hand, which is not said to be the record's", () => {
    expect(dataPlane(transition({ snapshot: { live: liveAt(rolling(0)) } })).status).not.toBe("pass");
  });

  test("shows no route at all: nothing is known, and nothing passes", () => {
    expect(dataPlane(transition({ snapshot: live({}) })).status).not.toBe("pass");
  });

  test.each([
    ["rollback", rolledBack()],
    ["correct", rolling(5)],
  ] as const)("a %s waits for nothing", (kind, to) => {
    const snapshot = { gateway: { problem: "it is gone" }, ...live({}) };
    expect(dataPlane(transition({ kind, to, snapshot })).status).toBe("skipped");
  });

  test("moves no share where the releases have no service in common: that is no reason to wait for ever", () => {
    const renamed = aRelease("1.1.0", {}, { shop: apiAndWorker.api });
    const to = rolling(10, renamed);
    expect(dataPlane(transition({ kind: "start", from: steady(), to })).status).toBe("pass");
  });
});
