import type { DataSpec } from "../../config/schemas/release";
import type { Release } from "../../rollout/release";
import type { Verdict } from "../../rollout/verdict";
import { declareAfterwards, declaredData } from "./declared-data";
import { bringsIn, type Finding, isSome, notBroughtIn, verdictOf } from "./findings";
import { type GateInput, judged } from "./input";

const gate = "data-schema";

/** A release beside the judged one on the same data store. */
interface Neighbour {
  /** `1.0.0`, of another channel `1.0.0 (stable)`. */
  name: string;
  version: string;
  data: DataSpec | undefined;
}

/**
 * At most two releases are live in a channel, and the one that is brought in and every other release on its data
 * store, over all channels that share it, can read what the other writes. Nothing undeclared counts as readable.
 */
export function dataSchema(input: GateInput): Verdict {
  if (!bringsIn(input)) return { gate, status: "skipped", reason: notBroughtIn };
  const neighbours = [...ownNeighbours(input), ...sharingNeighbours(input)];
  const release = judged(input);
  const mine = declaredData(release, input.channel);
  const findings = [...judgeCount(input), ...judgeSharing(input)];
  if (mine !== undefined) findings.push(judgeAlone(release, mine));
  else if (!withoutData(input, neighbours)) findings.push(undeclared(release));
  if (mine !== undefined) findings.push(...neighbours.map((other) => judgePair(release, mine, other)));
  if (!isSome(findings)) {
    return { gate, status: "skipped", reason: "no live release declares data or migrations" };
  }
  return verdictOf(gate, findings, {
    observed: [{ name: release.version, data: mine }, ...neighbours].map(describe).join("; "),
    expected: "each reads what the others write",
  });
}

function ownNeighbours({ to, channel }: GateInput): Neighbour[] {
  if (to.candidate === null) return [];
  const { version } = to.baseline;
  return [{ name: version, version, data: declaredData(to.baseline, channel) }];
}

function sharingNeighbours({ channel, snapshot }: GateInput): Neighbour[] {
  if (snapshot.sharing.status !== "known") return [];
  return Object.entries(snapshot.sharing.channels).flatMap(([name, releases]) =>
    releases.map((release) => ({
      name: `${release.version} (${name})`,
      version: release.version,
      data: declaredData(release, channel),
    })),
  );
}

function judgeCount({ to, record }: GateInput): Finding[] {
  const live = [to.baseline, to.candidate, record?.baseline, record?.candidate];
  const versions = new Map(live.flatMap((release) => (release ? [[release.id, release.version]] : [])));
  if (versions.size <= 2) return [];
  return [
    {
      status: "fail",
      reason: `${[...versions.values()].join(", ")} would be live at once; a channel has at most two releases. Finish or roll back the one under way first`,
    },
  ];
}

/** Channels that were to be asked and did not answer may have anything live. */
function judgeSharing({ channel, channelName, snapshot: { sharing } }: GateInput): Finding[] {
  const others = channel.sharesDataWith.filter((name) => name !== channelName);
  const silent =
    sharing.status === "known" ? others.filter((name) => !Object.hasOwn(sharing.channels, name)) : others;
  if (silent.length === 0) return [];
  const problem = sharing.status === "unavailable" ? `: ${sharing.problem}` : "";
  return [
    {
      status: "hold",
      reason: `what is live in ${silent.join(", ")}, on the same data store, is not known${problem}`,
    },
  ];
}

function withoutData({ to, channel }: GateInput, neighbours: readonly Neighbour[]): boolean {
  const live: Release[] = to.candidate === null ? [to.baseline] : [to.baseline, to.candidate];
  return (
    channel.sharesDataWith.length === 0 &&
    live.every(({ migrations }) => migrations.length === 0) &&
    neighbours.every(({ data }) => data === undefined)
  );
}

function undeclared({ version }: Release): Finding {
  return {
    status: "fail",
    reason: `${version} does not say which data schema it writes and reads. Declare \`data\` in its release file; where that has been released already, ${declareAfterwards(version)}`,
  };
}

function judgeAlone({ version }: Release, { writes, reads }: DataSpec): Finding {
  if (reads.includes(writes)) return { status: "pass", reason: `${version} reads what it writes` };
  return { status: "fail", reason: `${version} writes schema ${writes}, which it does not read itself` };
}

function judgePair({ version }: Release, mine: DataSpec, other: Neighbour): Finding {
  const { name, data } = other;
  if (data === undefined) {
    return {
      status: "hold",
      reason: `${name} does not say which data schema it writes and reads; ${declareAfterwards(other.version)}`,
    };
  }
  const cannot = [
    ...unreadable(name, data, version, mine.writes),
    ...unreadable(version, mine, name, data.writes),
  ];
  if (cannot.length > 0) return { status: "fail", reason: cannot.join("; ") };
  return { status: "pass", reason: `${version} and ${name} read what the other writes` };
}

function unreadable(reader: string, { reads }: DataSpec, writer: string, schema: number): string[] {
  if (reads.includes(schema)) return [];
  return [`${reader} reads schema ${reads.join(", ")} and not ${schema}, which ${writer} writes`];
}

function describe({ name, data }: Pick<Neighbour, "name" | "data">): string {
  return data === undefined
    ? `${name} undeclared`
    : `${name} writes ${data.writes}, reads ${data.reads.join(", ")}`;
}
