import type * as pulumi from "@pulumi/pulumi";
import { ReleaseChannel } from "../../components/release-channel";
import type { ChannelSection } from "../../config/schemas/channel";
import type { Signing } from "../../evidence/chain/keys";
import { capacitySettings } from "../../rollout/capacity";
import { dataSettings, type JobObservation } from "../../rollout/data-jobs";
import type { LiveTraffic } from "../../rollout/live";
import { decide, type Plan } from "../../rollout/plan";
import type { ChannelRecord, Intent, Position, TransitionKind } from "../../rollout/record";
import { at, intentTo, liveAt, nothingLive, recordOf } from "../rollout/releases";
import { type Registration, registered } from "./engine";
import { backupMade, section } from "./section";

/** What a story adds to where its channel is. */
export interface Circumstances {
  channel?: ChannelSection;
  remembers?: Partial<ChannelRecord>;
  jobs?: JobObservation[];
  workloads?: LiveTraffic["workloads"];
  /** What commands answer, by name. */
  commands?: Record<string, { stdout: string }>;
}

type PlanOptions = Circumstances & { id?: string; live?: Position | null };

function planOf(
  kind: TransitionKind | null,
  from: Position | null,
  to: Position,
  { id = "t2", live = from, channel = section, remembers = {}, jobs = [], workloads }: PlanOptions = {},
): Plan {
  const why = "a story";
  const proposal =
    kind === null ? ({ kind: "none", why, held: false } as const) : ({ kind, to, why } as never);
  const decision = decide({
    proposal,
    verdicts: [],
    record: from === null ? null : recordOf(from, remembers),
    interrupted: false,
    live: {
      ...(live === null ? nothingLive : liveAt(live)),
      jobs,
      ...(workloads === undefined ? {} : { workloads }),
    },
    attempt: 1,
    strictHold: false,
    capacity: capacitySettings(channel),
    data: dataSettings(channel),
    id,
    now: at(60),
  });
  if (decision.outcome !== "go") throw new Error("the story has no plan");
  return decision.plan;
}

const confirmed = JSON.stringify({ id: "t2", confirmedAt: at(100), services: {} });

interface RunOptions {
  preview?: boolean;
  stdout?: string;
  channel?: ChannelSection;
  keptEvidence?: string | null;
  /** Outputs of resources, by name or else by type, beside those of every story. */
  answers?: Record<string, object>;
  /** Of its evidence; nobody's where it is left out. */
  signing?: Signing;
}

const unsigned: Signing = { key: null, why: "a story" };

/** Of a transition that nobody judged. */
const anAccount = { verdicts: [], snapshot: null, files: [] };

interface Run {
  registrations: Registration[];
  record: ChannelRecord | undefined;
}

async function run(
  plan: Plan,
  record: ChannelRecord | null,
  intent: Intent | null,
  {
    preview = false,
    stdout = confirmed,
    channel = section,
    keptEvidence = null,
    answers: more = {},
    commands = {},
    signing = unsigned,
  }: RunOptions & Pick<Circumstances, "commands"> = {},
): Promise<Run> {
  let output: pulumi.Output<ChannelRecord> | undefined;
  const backups = plan.data.companions.filter(({ job }) => job.kind === "backup");
  const made = backups.map(({ name }) => [`canary-${name}-answer`, { stdout: JSON.stringify(backupMade) }]);
  const answers: Record<string, object> = preview
    ? {}
    : { "command:local:Command": { stdout }, ...Object.fromEntries(made), ...commands, ...more };
  const registrations = await registered(
    () => {
      const released = new ReleaseChannel("canary", {
        channel: "canary",
        section: channel,
        plan,
        record,
        intent,
        attribution: { actor: "ann", reason: null },
        account:
          plan.transition === null ? null : { ...anAccount, signing, previous: record?.evidence ?? null },
        keptEvidence,
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
  options: Parameters<typeof run>[3] & Circumstances = {},
) {
  const before = from === null ? null : recordOf(from, options.remembers);
  const intent = from === null ? null : intentTo("advance", from, "t1");
  return run(planOf(kind, from, to, options), before, intent, options);
}

/** What putting live weights back to what is recorded registers. */
export function correction(recorded: Position, live: Position) {
  const plan = planOf("correct", recorded, recorded, { live });
  return run(plan, recordOf(recorded), intentTo("advance", recorded, "t1"));
}

/** What reconciling a position registers. */
export function reconciliation(
  position: Position,
  remembers: Partial<ChannelRecord> = {},
  options: Parameters<typeof run>[3] & Circumstances = {},
) {
  return run(
    planOf(null, position, position, { ...options, remembers }),
    recordOf(position, remembers),
    intentTo("advance", position, "t1"),
    options,
  );
}

/** What the update after a transition registers, which has nothing to do. */
export function lookAgain(
  after: ChannelRecord,
  intent: Intent,
  options: Parameters<typeof run>[3] & Circumstances = {},
) {
  const { state, baseline, candidate, weight } = after;
  const position = { state, baseline, candidate, weight };
  return run(
    planOf(null, position, position, { ...options, remembers: after, id: "t3" }),
    after,
    intent,
    options,
  );
}

/** The one piece of evidence that was registered, as text. */
export function envelopeOf(registrations: Registration[]): string {
  const [evidence] = registrations.filter(({ parent, custom }) => custom && parent === "canary-evidence");
  if (evidence === undefined) throw new Error("no evidence was registered");
  return (evidence.inputs.data as { envelope: string }).envelope;
}
