import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Policies } from "../config/load/policies";
import type { ChannelSection } from "../config/schemas/channel";
import { sha256 } from "../evidence/chain/envelope";
import type { RestedFile } from "../evidence/chain/statement";
import type { Snapshot } from "../policies/gates/input";

export interface RestedSources {
  projectDir: string;
  channelName: string;
  channel: ChannelSection;
  policies: Policies;
}

/** A file and the gates that looked at it; by the bytes that they looked at where the snapshot has their hash. */
interface Looked {
  path: string | null | undefined;
  gates: string[];
  seen?: string | null;
}

/**
 * Every file that a transition rests on, by its bytes; what cannot be read is left out: gates have said so where it
 * matters.
 * @param version of the release that it is about
 * @param snapshot null where nothing was judged: then only the configuration is rested on
 */
export function restedFiles(
  sources: RestedSources,
  version: string,
  snapshot: Snapshot | null,
): RestedFile[] {
  const looked: Looked[] = [
    { path: `Pulumi.${sources.channelName}.yaml`, gates: [] },
    ...(snapshot === null ? [] : [...policyFiles(sources.channel, version), ...reports(sources, snapshot)]),
  ];
  const files = new Map<string, RestedFile>();
  for (const { path, gates, seen } of looked) {
    if (!path) continue;
    const known = files.get(path);
    const digest = known?.sha256 ?? seen ?? digestOfFile(resolve(sources.projectDir, path));
    if (digest === null) continue;
    files.set(path, { path, sha256: digest, gates: [...new Set([...(known?.gates ?? []), ...gates])] });
  }
  return [...files.values()];
}

function policyFiles(channel: ChannelSection, version: string): Looked[] {
  return [
    { path: join(channel.releases, `${version}.yaml`), gates: ["artifact", "data-schema", "migrations"] },
    { path: channel.slo, gates: ["slo", "error-budget"] },
    { path: channel.compat, gates: ["compat"] },
    { path: channel.evidence, gates: ["evidence"] },
    { path: channel.access, gates: ["approval", "rbac", "override", "evidence-key"] },
    { path: channel.incidents?.file, gates: ["incident"] },
  ];
}

function reports({ channel, policies }: RestedSources, snapshot: Snapshot): Looked[] {
  const { evidence, compat, governance, promotion } = snapshot;
  const looked: Looked[] = [];
  if (promotion.status === "known" && promotion.health.status !== "not-configured") {
    looked.push({ path: `Pulumi.${channel.promotion?.from}.yaml`, gates: ["promotion"] });
  }
  if (evidence.status === "known") {
    const kinds = policies.evidence()?.kinds ?? {};
    for (const { kind, file, sha256: seen, baselineSha256 } of evidence.items) {
      looked.push({ path: file, gates: ["evidence"], seen });
      if (baselineSha256 === null) continue;
      looked.push({ path: kinds[kind]?.baseline, gates: ["evidence"], seen: baselineSha256 });
    }
  }
  if (compat.status === "known") {
    looked.push({ path: compat.file, gates: ["compat"], seen: compat.sha256 });
    for (const [fixture, seen] of Object.entries(compat.fixtures)) {
      looked.push({ path: join(dirname(channel.compat ?? ""), fixture), gates: ["compat"], seen });
    }
  }
  if (governance.status === "known") {
    looked.push(...governance.approvals.map(({ file }) => ({ path: file, gates: ["approval"] })));
    looked.push(...governance.overrides.map(({ file }) => ({ path: file, gates: ["override"] })));
  }
  return looked;
}

function digestOfFile(path: string): string | null {
  try {
    return sha256(readFileSync(path));
  } catch {
    return null;
  }
}
