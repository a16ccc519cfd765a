import type { V1ConfigMap } from "@kubernetes/client-node";
import { inOneLine, UserError } from "../config/load/problems";
import { loadStackFile } from "../config/load/stack-file";
import type { ChannelSection } from "../config/schemas/channel";
import { attempt, codeOf } from "../observe/cluster-request";
import { type Cluster, connect } from "../observe/kubernetes";
import { restoredKey } from "../observe/restored";
import { channelLabels, isOwn, labelKeys, managedBy, restoredName } from "../rollout/labels";
import type { RestoredData } from "../rollout/restored-data";
import type { LedgerAnswer } from "./answers";
import type { RestoreInputs } from "./inputs";

/** What was restored, and what the ledger of the database says since. */
export interface RestoredFact {
  file: string;
  sha256: string;
  at: string;
  ledger: LedgerAnswer | null;
}

/** A channel that is told. */
export interface Told {
  /** The stack's name. */
  channel: string;
  section: ChannelSection;
}

/** Writes what a channel is told where its program looks for it. @throws {UserError} where it cannot be written */
export type Tell = (told: Told, restored: RestoredData) => Promise<void>;

/** The data were restored, and not every channel on them knows. */
export class NotRecorded extends Error {}

/**
 * Tells every channel on the database that its data were restored. Told twice it is the same.
 * @returns the ConfigMaps that were written, `<namespace>/<name>`
 * @throws {NotRecorded} naming the channels that do not know it, and why
 */
export async function tellChannels(
  projectDir: string,
  { channel, section }: RestoreInputs,
  fact: RestoredFact,
  tell: Tell,
): Promise<string[]> {
  const others = section.sharesDataWith.filter((name) => name !== channel);
  const written: string[] = [];
  const problems: string[] = [];
  for (const name of [channel, ...others]) {
    try {
      const told =
        name === channel ? { channel, section } : { channel: name, section: sectionOf(projectDir, name) };
      await tell(told, restoredData(told, fact));
      written.push(`${told.section.namespace}/${restoredName(told.section.product, name)}`);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(`${name}: ${inOneLine(error)}`);
    }
  }
  if (problems.length === 0) return written;
  throw new NotRecorded(
    [
      `The data of ${channel} are those of ${fact.file}, and not every channel on them knows it:`,
      ...problems.map((problem) => `  ${problem}`),
      "Until it does, its updates take for done what is not in the data: keep stage hold, mend that, and repeat only this step:",
      `  npm run restore -- record --channel ${channel} --backup ${fact.file}`,
    ].join("\n"),
  );
}

function sectionOf(projectDir: string, channel: string): ChannelSection {
  return loadStackFile(projectDir, channel).channel;
}

function restoredData({ section }: Told, { file, sha256, at, ledger }: RestoredFact): RestoredData {
  const own = ({ product }: { product: string }) => product === section.product;
  return {
    schema: 1,
    backup: file,
    sha256,
    restoredAt: at,
    ledger:
      ledger === null
        ? null
        : {
            applied: ledger.applied.filter(own).map(({ id, checksum }) => ({ id, checksum })),
            notApplied: ledger.notApplied.filter(own).map(({ id }) => id),
          },
  };
}

/** As a ConfigMap in the channel's namespace, on the cluster that its section names. */
export const tellByConfigMap: Tell = ({ channel, section }, restored) =>
  writeConfigMap(connect(section.context), { channel, section }, restored);

export async function writeConfigMap(
  cluster: Cluster,
  { channel, section: { namespace, product } }: Told,
  restored: RestoredData,
): Promise<void> {
  const name = restoredName(product, channel);
  const where = `the ConfigMap ${namespace}/${name}`;
  const body: V1ConfigMap = {
    metadata: { name, namespace, labels: channelLabels(product, channel) },
    data: { [restoredKey]: JSON.stringify(restored) },
  };
  const present = await attempt(cluster, where, () => existing(cluster, namespace, name));
  if (present === null) {
    await attempt(cluster, where, () =>
      cluster.core.createNamespacedConfigMap({ namespace, body, fieldManager: managedBy }),
    );
    return;
  }
  const labels = present.metadata?.labels;
  if (!isOwn(labels, channel)) {
    throw new UserError(
      `${where} is not this channel's: found ${labelKeys.channel}=${labels?.[labelKeys.channel] ?? "(no label)"}, expected ${channel}. Rename or delete it.`,
    );
  }
  await attempt(cluster, where, () =>
    cluster.core.replaceNamespacedConfigMap({ namespace, name, body, fieldManager: managedBy }),
  );
}

async function existing({ core }: Cluster, namespace: string, name: string): Promise<V1ConfigMap | null> {
  try {
    return await core.readNamespacedConfigMap({ namespace, name });
  } catch (error) {
    if (codeOf(error) === 404) return null;
    throw error;
  }
}
