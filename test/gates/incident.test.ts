import * as fc from "fast-check";
import { incident } from "../../policies/gates/incident";
import type { IncidentSource } from "../../policies/gates/input/metrics";
import { at, completed, next, rolledBack, rolling, steady } from "../rollout/releases";
import { aChannel, transition } from "./transitions";

type Known = Extract<IncidentSource, { status: "known" }>;

const channel = aChannel({ incidents: { file: "incidents.yaml" } });
const known = (more: Partial<Known> = {}): Known => ({
  status: "known",
  incidents: [],
  alerts: [],
  problems: [],
  ...more,
});
const p1 = { id: "INC-7", severity: "P1", openedAt: at(0), title: "Orders are lost" };
const alert = { name: "ErrorsHigh", severity: "critical", activeSince: at(0), summary: "Many errors" };
const judge = (incidents: IncidentSource, more: Parameters<typeof transition>[0] = {}) =>
  incident(transition({ channel, ...more, snapshot: { takenAt: at(300), incidents, ...more?.snapshot } }));

describe("an open incident", () => {
  test.each([
    ["none", known(), "pass"],
    ["a P1", known({ incidents: [p1] }), "fail"],
    ["a P1, written small", known({ incidents: [{ ...p1, severity: "p1" }] }), "fail"],
    ["a P2, which does not stop a rollout here", known({ incidents: [{ ...p1, severity: "P2" }] }), "pass"],
  ] as const)("%s", (_, source, status) => {
    expect(judge(source)).toMatchObject({ gate: "incident", status });
  });

  test("is named", () => {
    expect(judge(known({ incidents: [p1] })).reason).toMatch(
      /^P1 INC-7 is open since .*Orders are lost.*resolve/,
    );
  });

  test.each([
    ["a first release", { kind: "install", to: steady(), from: null }],
    ["a start", { kind: "start", to: rolling(10), from: steady() }],
    ["an advance", { kind: "advance", to: rolling(30), from: rolling(10) }],
    ["retiring the release to go back to", { kind: "finalize", to: steady(next), from: completed() }],
  ] as const)("stops %s", (_, step) => {
    expect(judge(known({ incidents: [p1] }), step).status).toBe("fail");
  });
});

test("clearing away what was rolled back because of it is stopped by no incident", () => {
  const step = { kind: "finalize", to: steady(), from: rolledBack() } as const;
  expect(judge(known({ incidents: [p1] }), step).status).toBe("skipped");
  expect(judge({ status: "unavailable", problem: "gone" }, step).status).toBe("skipped");
});

describe("an alert", () => {
  const activeFor = (seconds: number, severity = "critical") =>
    known({ alerts: [{ ...alert, severity, activeSince: at(300 - seconds) }] });

  test.each([
    ["critical for 5 minutes", activeFor(300), "fail"],
    ["critical for less: it may pass, and it may stay", activeFor(299), "hold"],
    ["critical since just now", activeFor(0), "hold"],
    ["critical by a clock that is ahead", activeFor(-30), "hold"],
    ["a warning", activeFor(3000, "warning"), "pass"],
    ["without a severity", activeFor(3000, ""), "pass"],
  ] as const)("%s", (_, source, status) => {
    expect(judge(source).status).toBe(status);
  });

  test("the oldest of several counts, and is named", () => {
    const alerts = [
      { ...alert, name: "Young", activeSince: at(290) },
      { ...alert, name: "Old", activeSince: at(-100) },
    ];
    expect(judge(known({ alerts }))).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/critical alert Old is active for 400 s \(Many errors\)/),
    });
  });

  test("a channel may wait for another time, and mind other severities", () => {
    const other = aChannel({
      incidents: {
        file: "incidents.yaml",
        alertFor: "10m",
        alertSeverities: ["page"],
        incidentSeverities: ["sev1", "sev2"],
      },
    });
    const judgeOther = (source: Known) => judge(source, { channel: other }).status;
    expect(judgeOther(activeFor(300))).toBe("pass");
    expect(judgeOther(activeFor(300, "page"))).toBe("hold");
    expect(judgeOther(activeFor(600, "page"))).toBe("fail");
    expect(judgeOther(known({ incidents: [{ ...p1, severity: "SEV2" }] }))).toBe("fail");
  });
});

describe("what is not known of incidents", () => {
  test("a silent source holds, and does not hide what the other says", () => {
    const problems = ["Alertmanager cannot be read"];
    expect(judge(known({ problems }))).toMatchObject({
      status: "hold",
      reason: "not all is known of incidents: Alertmanager cannot be read",
    });
    expect(judge(known({ problems, incidents: [p1] })).status).toBe("fail");
    expect(judge({ status: "unavailable", problem: "gone" }).status).toBe("hold");
  });

  test("no source at all is skipped", () => {
    expect(judge({ status: "not-configured" }).status).toBe("skipped");
    expect(judge(known(), { channel: aChannel() }).status).toBe("skipped");
  });

  test("an unreadable time of an alert never opens it", () => {
    expect(judge(known({ alerts: [{ ...alert, activeSince: "yesterday" }] })).status).not.toBe("pass");
  });

  test("one more incident, alert or silent source never opens it", () => {
    const order = { pass: 2, skipped: 2, hold: 1, fail: 0 };
    const severities = fc.constantFrom("P1", "P2", "critical", "warning", "");
    const incidents = fc.array(
      severities.map((severity) => ({ ...p1, severity })),
      { maxLength: 3 },
    );
    const alerts = fc.array(
      fc.record({
        name: fc.constant("A"),
        severity: severities,
        activeSince: fc.integer({ min: -600, max: 300 }).map(at),
        summary: fc.constant(""),
      }),
      { maxLength: 3 },
    );
    const source = fc.record({
      incidents,
      alerts,
      problems: fc.array(fc.constant("away"), { maxLength: 1 }),
    });
    fc.assert(
      fc.property(source, source, (some, more) => {
        const all = known({
          incidents: [...some.incidents, ...more.incidents],
          alerts: [...some.alerts, ...more.alerts],
          problems: [...some.problems, ...more.problems],
        });
        expect(order[judge(all).status]).toBeLessThanOrEqual(order[judge(known(some)).status]);
      }),
    );
  });
});
