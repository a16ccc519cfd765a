import * as fc from "fast-check";
import { incident } from "../../policies/gates/incident";
import type { IncidentSource } from "../../policies/gates/input/metrics";
import { at } from "../rollout/releases";
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
const judge = (incidents: IncidentSource) =>
  incident(transition({ channel, snapshot: { takenAt: at(300), incidents } }));

describe("what is not known of incidents", () => {
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
