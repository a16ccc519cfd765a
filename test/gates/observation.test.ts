import { observation } from "../../policies/gates/observation";
import { rolledBack, rolling } from "../rollout/releases";
import { aChannel, counted, seen, transition } from "./transitions";

describe("observing a candidate", () => {
  test("an unreadable time is no time", () => {
    expect(observation(transition({ snapshot: { takenAt: "now" } })).status).toBe("hold");
  });

  test("endless requests are none", () => {
    const channel = aChannel({ observation: { for: "2h", requests: 500 } });
    const services = { api: seen(counted(Number.POSITIVE_INFINITY)) };
    expect(observation(transition({ channel, snapshot: { services } })).status).toBe("hold");
  });

  test.each([
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["a correction", { kind: "correct", to: rolling(5) }],
  ] as const)("%s is not judged", (_, more) => {
    expect(observation(transition(more)).status).toBe("skipped");
  });
});
