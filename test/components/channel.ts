import type * as pulumi from "@pulumi/pulumi";
import { ReleaseChannel } from "../../components/release-channel";
import { type ChannelSection, channelSection } from "../../config/schemas/channel";
import { decide, type Plan } from "../../rollout/plan";
import type { ChannelRecord, Intent, Position, TransitionKind } from "../../rollout/record";
import { at, intentTo, liveAt, recordOf, withoutData } from "../rollout/releases";
import { type Registration, registered } from "./engine";

export const section: ChannelSection = channelSection.parse({
  product: "shop",
  namespace: "shop-canary",
  gateway: {
    name: "shared",
    namespace: "gateway",
    listener: "web",
    hostnames: ["canary.shop.localhost"],
    url: "http://127.0.0.1:18080",
  },
  services: {
    api: { replicas: 10, secrets: { DATABASE_URL: { name: "shop-database", key: "url" } } },
    worker: { replicas: 10 },
    web: { replicas: 10 },
  },
  migrations: { secrets: { DATABASE_URL: { name: "shop-database", key: "url" } } },
});

const replicas = { api: 10, worker: 10, web: 10 };

function planOf(
  kind: TransitionKind | null,
  from: Position | null,
  to: Position,
  id = "t2",
  live: Position | null = from,
): Plan {
  const why = "a story";
  const proposal =
    kind === null ? ({ kind: "none", why, held: false } as const) : ({ kind, to, why } as never);
  const decision = decide({
    proposal,
    verdicts: [],
    record: from === null ? null : recordOf(from),
    interrupted: false,
    live: live === null ? { routes: {}, mirror: null, jobs: [] } : liveAt(live),
    attempt: 1,
    strictHold: false,
    replicas,
    data: withoutData,
    id,
    now: at(60),
  });
  if (decision.outcome !== "go") throw new Error("the story has no plan");
  return decision.plan;
}

const confirmed = JSON.stringify({ id: "t2", confirmedAt: at(100), services: {} });

interface Run {
  registrations: Registration[];
  record: ChannelRecord | undefined;
}

async function run(
  plan: Plan,
  record: ChannelRecord | null,
  intent: Intent | null,
  { preview = false, stdout = confirmed, channel = section } = {},
): Promise<Run> {
  let output: pulumi.Output<ChannelRecord> | undefined;
  const answers: Record<string, object> = preview ? {} : { "command:local:Command": { stdout } };
  const registrations = await registered(
    () => {
      const released = new ReleaseChannel("canary", {
        channel: "canary",
        section: channel,
        plan,
        record,
        intent,
        attribution: { actor: "ann", reason: null },
        clusterIdentifier: "https://cluster.test",
      });
      output = released.record;
    },
    { answers, preview },
  );
  const value = await new Promise<ChannelRecord | undefined>((resolve) => {
    if (preview) resolve(undefined);
    else output?.apply(resolve as never);
  });
  return { registrations, record: value };
}

/** What one transition registers, and the record it leaves. */
export function transition(
  kind: TransitionKind,
  from: Position | null,
  to: Position,
  options?: Parameters<typeof run>[3],
) {
  const before = from === null ? null : recordOf(from);
  return run(planOf(kind, from, to), before, from === null ? null : intentTo("advance", from, "t1"), options);
}

/** What putting live weights back to what is recorded registers. */
export function correction(recorded: Position, live: Position) {
  const plan = planOf("correct", recorded, recorded, "t2", live);
  return run(plan, recordOf(recorded), intentTo("advance", recorded, "t1"));
}

/** What reconciling a position registers. */
export function reconciliation(
  position: Position,
  remembers: Partial<ChannelRecord> = {},
  options?: Parameters<typeof run>[3],
) {
  return run(
    planOf(null, position, position),
    recordOf(position, remembers),
    intentTo("advance", position, "t1"),
    options,
  );
}

/** What the update after a transition registers, which has nothing to do. */
export function lookAgain(after: ChannelRecord, intent: Intent, options?: Parameters<typeof run>[3]) {
  const { state, baseline, candidate, weight } = after;
  return run(
    planOf(null, { state, baseline, candidate, weight }, { state, baseline, candidate, weight }, "t3"),
    after,
    intent,
    options,
  );
}
