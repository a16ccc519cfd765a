import { objectNames } from "../../components/object-names";
import { decide } from "../../rollout/plan";
import type { Position } from "../../rollout/record";
import { resolveRelease } from "../../rollout/release";
import {
  aFile,
  apiAndWorker,
  at,
  completed,
  liveAt,
  old,
  recordOf,
  rolling,
  sized,
  steady,
  withoutData,
} from "../rollout/releases";
import { transition } from "./channel";

const image = apiAndWorker.api.image;
const migrated = (version: string, ids: string[]) =>
  resolveRelease(
    aFile(version, apiAndWorker, { migrations: ids.map((id) => ({ id, phase: "expand", image })) }),
    {},
  );

function namesOf(from: Position, to: Position, channel = "canary", sequence = 1) {
  const decision = decide({
    proposal: { kind: "advance", to, why: "" },
    verdicts: [],
    record: recordOf(from),
    interrupted: false,
    live: liveAt(from),
    attempt: 1,
    strictHold: false,
    capacity: sized({}),
    data: withoutData,
    id: "t2",
    now: at(0),
  });
  if (decision.outcome !== "go") throw new Error("no plan");
  return objectNames(decision.plan, "shop", channel, sequence);
}

describe("the names that are checked for other owners", () => {
  test("are those of all objects that the update writes", async () => {
    const candidate = migrated("1.1.0", ["0001-a", "0002-b"]);
    for (const [from, to] of [
      [steady(), rolling(10, candidate)],
      [rolling(30, candidate), completed(candidate)],
    ] as const) {
      const names = namesOf(from, to);
      const { registrations } = await transition("advance", from, to);
      const written = registrations
        .filter(({ type }) => type.startsWith("kubernetes:"))
        .map(({ type, inputs }) => `${type.split(":").at(-1)} ${(inputs.metadata as { name: string }).name}`);
      const checked = Object.entries(names).flatMap(([kind, list]) =>
        list.map((name: string) => `${kind === "routes" ? "HTTPRoute" : kind} ${name}`),
      );
      expect([...new Set(checked)].sort()).toEqual([...new Set(written)].sort());
      expect(names.Deployment).toContain(`api-${old.id}`);
    }
  });

  test("go on fitting as the chain of evidence grows, whatever length the stack's name may have", () => {
    const longest = "c".repeat(63 - "shop--record".length);
    const { ConfigMap } = namesOf(steady(), rolling(10), longest, 1_000_000);
    expect(ConfigMap).toContain(`shop-${longest}-evidence-1000000`);
    expect(() => namesOf(steady(), rolling(10), `${longest}c`)).toThrow(/Choose a shorter name/);
  });

  test("a migration's id fits whole into its Job's name, so no two share one", () => {
    const id = "0002-orders-get-a-note-xy";
    const { Job } = namesOf(steady(), rolling(10, migrated("10.20.30-rc.long.prerelease", [id])));
    expect(Job[0]).toContain(id);
    expect(Job[0]?.length).toBeLessThanOrEqual(63);
    expect(() => migrated("1.1.0", [`${id}z`])).toThrow();
  });
});
