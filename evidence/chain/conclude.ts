import type { Snapshot } from "../../policies/gates/input";
import { activeCohorts } from "../../rollout/cohorts";
import type { Backup } from "../../rollout/data-jobs";
import { type Attribution, nextRecord } from "../../rollout/history";
import { type Plan, routedServices, routeWeights } from "../../rollout/plan";
import type {
  ChannelRecord,
  Confirmation,
  EvidenceHead,
  HistoryEntry,
  PackSignature,
  Position,
} from "../../rollout/record";
import type { Release } from "../../rollout/release";
import type { Verdict } from "../../rollout/verdict";
import { type Sealed, seal } from "./envelope";
import type { Signing } from "./keys";
import { keptSnapshot, presentable } from "./snapshot";
import {
  predicateType,
  type RestedFile,
  statementType,
  type TransitionPredicate,
  type TransitionStatement,
  transitionStatement,
} from "./statement";

/** What was known of a transition before its first change. */
export interface Account {
  /** End of the chain that its evidence goes on with; null where it is the first. */
  previous: EvidenceHead | null;
  verdicts: readonly Verdict[];
  /** Null where nothing was collected. */
  snapshot: Snapshot | null;
  files: readonly RestedFile[];
  signing: Signing;
}

/** A transition that is about to be concluded. */
export interface Undertaking {
  product: string;
  channel: string;
  record: ChannelRecord | null;
  plan: Plan;
  attribution: Attribution;
  account: Account;
}

/** What only the update itself knows. */
export interface Outcome {
  confirmed: Confirmation;
  backup: Backup | null;
  judgedBy: PackSignature | undefined;
}

/** What a confirmed transition leaves: its evidence, and the record that names it. */
export function conclude(
  undertaking: Undertaking,
  outcome: Outcome,
): { record: ChannelRecord; evidence: Sealed } {
  const { channel, record, plan, attribution, account } = undertaking;
  const next = nextRecord(channel, record, plan, outcome.confirmed, attribution, outcome.backup);
  const evidence = seal(statementOf(undertaking, outcome, next), account.signing.key);
  return { record: { ...next, evidence: evidence.head }, evidence };
}

function statementOf(
  { product, channel, plan, account }: Undertaking,
  { confirmed, judgedBy }: Outcome,
  next: ChannelRecord,
): TransitionStatement {
  const { previous, verdicts, snapshot, files, signing } = account;
  const { transition, to, from } = plan;
  const entry = next.history.at(-1);
  if (transition === null || entry === undefined) throw new Error("only a transition leaves evidence");
  const { id: _id, ...seen } = confirmed;
  const predicate: TransitionPredicate = {
    product,
    channel,
    sequence: nextSequence(previous),
    previous: previous?.sha256 ?? null,
    signedBy: signing.key?.id ?? null,
    unsigned: signing.key === null ? signing.why : null,
    transition: { ...transition, judgedAt: snapshot?.takenAt ?? null, confirmedAt: confirmed.confirmedAt },
    correlationId: next.correlations?.[(to.candidate ?? to.baseline).id] ?? null,
    releaseCandidateIds: candidateIds(snapshot),
    from: from === null ? null : placeOf(from),
    to: placeOf(to),
    weights: weightsOf(plan),
    releases: releasesOf(plan),
    plan: planOf(plan),
    gates: verdicts.map(({ gate, status, reason, observed, expected }) => ({
      ...{ gate, status, reason, observed, expected },
    })),
    snapshot: keptSnapshot(snapshot),
    files: [...files],
    ...attributionOf(entry),
    judgedBy: judgedBy ?? null,
    confirmation: seen,
    backup: entry.backup ?? null,
    restored: entry.restored ?? null,
    lost: next.lost ?? [],
  };
  const statement = { _type: statementType, subject: subjectsOf(goal(to)), predicateType, predicate };
  return transitionStatement.parse(presentable(statement));
}

export function nextSequence(previous: EvidenceHead | null): number {
  return (previous?.sequence ?? 0) + 1;
}

/** The release that a position is meant to be at. */
export function goal({ state, baseline, candidate }: Position): Release {
  return candidate === null || state === "rolled-back" ? baseline : candidate;
}

/** Images by service; one without a digest names nothing that could be attested. */
export function subjectsOf({ services }: Pick<Release, "services">): TransitionStatement["subject"] {
  return Object.entries(services).flatMap(([name, { image }]) => {
    const [, sha256] = /@sha256:([0-9a-f]{64})$/.exec(image) ?? [];
    return sha256 === undefined ? [] : [{ name, digest: { sha256 } }];
  });
}

export function placeOf(position: Position): TransitionPredicate["to"] {
  const { state, baseline, candidate, weight } = position;
  return {
    state,
    baseline: baseline.id,
    candidate: candidate?.id ?? null,
    weight,
    cohorts: activeCohorts(position).map(({ name }) => name),
  };
}

function releasesOf({ from, to }: Plan): TransitionPredicate["releases"] {
  const named = [from?.baseline, from?.candidate, to.baseline, to.candidate];
  return Object.fromEntries(
    named.flatMap((release) => {
      if (release === undefined || release === null) return [];
      const { id, version, hash, overlayHash, services } = release;
      const images = Object.fromEntries(Object.entries(services).map(([name, { image }]) => [name, image]));
      return [[id, { version, hash, overlayHash, images }]];
    }),
  );
}

function weightsOf(plan: Plan): TransitionPredicate["weights"] {
  return Object.fromEntries(
    routedServices(plan).map((service) => [
      service,
      Object.fromEntries(routeWeights(plan, service).map(({ release, weight }) => [release.id, weight])),
    ]),
  );
}

function planOf({ why, releases, data }: Plan): TransitionPredicate["plan"] {
  return {
    why,
    releases: releases.map(({ release, side, direction, services }) => ({
      release: release.id,
      side,
      direction,
      replicas: Object.fromEntries(services.map(({ service, replicas }) => [service, replicas])),
    })),
    migrations: data.migrations
      .filter(({ due }) => due)
      .map(({ name, run: { spec, release, direction } }) => ({
        ...{ id: spec.id, release, phase: spec.phase, direction, job: name },
      })),
    companions: data.companions.filter(({ due }) => due).map(({ name }) => name),
  };
}

function attributionOf({ actor, verifiedBy, reason, lane, approvals, overrides }: HistoryEntry) {
  return {
    actor: { name: actor, verifiedBy: verifiedBy ?? null },
    reason,
    lane: lane ?? null,
    approvals: approvals ?? [],
    overrides: overrides ?? [],
  };
}

/** Of the reports that were in; every kind of one candidate says the same. */
function candidateIds(snapshot: Snapshot | null): string[] {
  if (snapshot?.evidence.status !== "known") return [];
  const ids = snapshot.evidence.items.flatMap(({ releaseCandidateId }) => releaseCandidateId ?? []);
  return [...new Set(ids)].sort();
}
