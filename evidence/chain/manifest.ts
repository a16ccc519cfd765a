import type { Audit } from "./verify";

/** A file and the sha256 of its bytes. */
interface File {
  path: string;
  sha256: string;
}

/** What one gate said at one step, and what it looked at. */
interface Decision {
  sequence: number;
  transition: string;
  kind: string;
  status: string;
  reason: string;
  /** Of what was collected for all gates. */
  snapshotSha256: string | null;
  files: File[];
}

/** Everything that a release candidate was let through by. */
export interface Manifest {
  releaseCandidateId: string;
  product: string;
  channel: string;
  /** Version → what it is, by hash and image. */
  releases: Record<string, { hash: string; images: Record<string, string> }>;
  transitions: {
    sequence: number;
    /** Of the statement. */
    sha256: string;
    signedBy: string | null;
    id: string;
    kind: string;
    confirmedAt: string;
    actor: string;
  }[];
  gates: Record<string, Decision[]>;
}

/**
 * The transitions of a candidate's rollouts, by gate: those that its reports were in at, and all that belong to the
 * same rollout. Null where no evidence names the candidate.
 */
export function manifestOf(candidate: string, { statements }: Pick<Audit, "statements">): Manifest | null {
  const named = statements.filter(({ statement }) =>
    statement.predicate.releaseCandidateIds.includes(candidate),
  );
  const [first] = named;
  if (first === undefined) return null;
  const rollouts = new Set(named.flatMap(({ statement }) => statement.predicate.correlationId ?? []));
  const own = statements.filter(
    (one) => named.includes(one) || rollouts.has(one.statement.predicate.correlationId ?? ""),
  );
  const { product, channel } = first.statement.predicate;
  return {
    ...{ releaseCandidateId: candidate, product, channel },
    releases: releasesOf(named),
    transitions: own.map(({ sequence, sha256, signedBy, statement: { predicate } }) => ({
      ...{ sequence, sha256, signedBy },
      id: predicate.transition.id,
      kind: predicate.transition.kind,
      confirmedAt: predicate.transition.confirmedAt,
      actor: predicate.actor.name,
    })),
    gates: gatesOf(own),
  };
}

function releasesOf(statements: Audit["statements"]): Manifest["releases"] {
  const releases: Manifest["releases"] = {};
  for (const { statement } of statements) {
    const { to, releases: known } = statement.predicate;
    const release = known[to.candidate ?? to.baseline];
    if (release !== undefined) releases[release.version] = { hash: release.hash, images: release.images };
  }
  return releases;
}

function gatesOf(statements: Audit["statements"]): Manifest["gates"] {
  const gates: Manifest["gates"] = {};
  for (const { sequence, statement } of statements) {
    const { transition, gates: verdicts, files, snapshot } = statement.predicate;
    for (const { gate, status, reason } of verdicts) {
      const looked = files.filter((file) => file.gates.includes(gate));
      const decision: Decision = {
        ...{ sequence, transition: transition.id, kind: transition.kind, status, reason },
        snapshotSha256: snapshot.sha256,
        files: looked.map(({ path, sha256 }) => ({ path, sha256 })),
      };
      gates[gate] = [...(gates[gate] ?? []), decision];
    }
  }
  return gates;
}
