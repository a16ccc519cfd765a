import { UserError } from "../config/load/problems";
import { type RestoreObservation, restoredData } from "../rollout/restored-data";
import { ask, type Cluster } from "./kubernetes";

/** Key of the ConfigMap under which it is told, as JSON. */
export const restoredKey = "restored";

/**
 * What `npm run restore` has told a channel of its data; null where it never did. What cannot be read is a problem
 * for whoever goes on, and no error: a rollback does not need it.
 * @param labels of all that is the channel's
 */
export async function observeRestore(
  cluster: Cluster,
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<RestoreObservation | null> {
  const where = `ConfigMap ${namespace}/${name}`;
  try {
    const found = await ask(cluster, where, (options) =>
      cluster.core.readNamespacedConfigMap({ namespace, name }, options),
    );
    if (found === null) return null;
    const missing = Object.entries(labels).find(([key, value]) => found.metadata?.labels?.[key] !== value);
    if (missing !== undefined) {
      const [key, value] = missing;
      return unreadable(
        `${where} bears the name by which this channel is told of restores, and is not the channel's: label ${key} is ${found.metadata?.labels?.[key] ?? "missing"}, expected ${value}`,
      );
    }
    return readRestore(found.data?.[restoredKey], where);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problem: error.message };
  }
}

function readRestore(text: string | undefined, where: string): RestoreObservation {
  const parsed = restoredData.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [restoredKey, ...(issue?.path ?? [])].join(".");
  return unreadable(`${where}, field data.${field}: ${issue?.message}`);
}

function unreadable(what: string): RestoreObservation {
  return {
    problem: `${what}. Write it anew with \`npm run restore -- record\` (docs/backup.md), or delete it if nothing was restored`,
  };
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
