import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { z } from "zod";
import { ledgerExitCode } from "../config/schemas/migration";
import type { JobObservation } from "../rollout/data-jobs";
import { labelKeys, tryAnnotation } from "../rollout/labels";
import { withoutSecrets } from "../rollout/secret-text";
import { ask, type Cluster } from "./kubernetes";

/** What a container says is looked for among its last lines. */
const logLines = 20;
const longestSaying = 300;
/** Characters at the end of a log that are looked at for secrets. */
const longestLook = 16_384;
/** From here on an exit code is the number of the signal that ended the program. */
const firstSignal = 128;

/**
 * The Jobs that change, copy or check a channel's data, each with how far it is; of what has ended well, nothing
 * more is asked.
 */
export async function observeDataJobs(
  cluster: Cluster,
  namespace: string,
  channelSelector: string,
): Promise<JobObservation[]> {
  const answer = await ask(cluster, `Jobs in ${namespace}`, (options) =>
    cluster.batch.listNamespacedJob(
      { namespace, labelSelector: `${channelSelector},${labelKeys.run}` },
      options,
    ),
  );
  return Promise.all((answer?.items ?? []).map((job) => observation(cluster, namespace, job)));
}

async function observation(cluster: Cluster, namespace: string, job: V1Job): Promise<JobObservation> {
  const { name = "", labels = {}, annotations = {} } = job.metadata ?? {};
  const status = statusOf(job);
  const completedAt = job.status?.completionTime?.toISOString();
  const pods = status === "complete" ? [] : await podsOf(cluster, namespace, name);
  return {
    run: labels[labelKeys.run] ?? name,
    attempt: Number(annotations[tryAnnotation] ?? 1),
    status,
    says: await lastWords(cluster, namespace, pods),
    ...(status === "complete" && completedAt !== undefined ? { completedAt } : {}),
    ...(status === "failed" && allEndedByThemselves(job, pods) ? { endedByItself: true as const } : {}),
  };
}

function statusOf({ status }: V1Job): JobObservation["status"] {
  const holds = (type: string) =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === "True");
  if (holds("Complete")) return "complete";
  return holds("Failed") || holds("FailureTarget") ? "failed" : "running";
}

/** The pods of a Job, the newest first; none where they cannot be read. */
async function podsOf(cluster: Cluster, namespace: string, job: string): Promise<V1Pod[]> {
  try {
    const labelSelector = `batch.kubernetes.io/job-name=${job}`;
    const pods = await ask(cluster, `Pods in ${namespace}`, (options) =>
      cluster.core.listNamespacedPod({ namespace, labelSelector }, options),
    );
    const begun = ({ metadata }: V1Pod) => metadata?.creationTimestamp?.getTime() ?? 0;
    return (pods?.items ?? []).sort((left, right) => begun(right) - begun(left));
  } catch {
    // A user who may not read pods still sees whether it runs.
    return [];
  }
}

/**
 * Whether each run of a failed Job ended with an exit code that its program gave: none was killed, and none lost the
 * ledger's lock. A pod that is gone tells nothing.
 */
function allEndedByThemselves({ status }: V1Job, pods: readonly V1Pod[]): boolean {
  if (pods.length === 0 || pods.length < (status?.failed ?? 0)) return false;
  return pods.every((pod) => {
    const code = pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode;
    return code !== undefined && code > 0 && code < firstSignal && code !== ledgerExitCode.unavailable;
  });
}

/** Progress of its newest pod, or else its last line; null where nothing of it can be read. */
async function lastWords(
  cluster: Cluster,
  namespace: string,
  [newest]: readonly V1Pod[],
): Promise<string | null> {
  const name = newest?.metadata?.name;
  if (name === undefined) return null;
  try {
    const log = await ask(cluster, `the log of ${name}`, (options) =>
      cluster.core.readNamespacedPodLog({ namespace, name, tailLines: logLines }, options),
    );
    return summary(log ?? "");
  } catch {
    // A user who may not read logs still sees whether it runs.
    return null;
  }
}

const progressLine = z.object({ progress: z.object({ done: z.number().min(0), total: z.number().min(0) }) });

function summary(log: string): string | null {
  const linesOf = (text: string) => text.split("\n").filter((line) => line.trim() !== "");
  for (const line of linesOf(log).reverse()) {
    const told = readAnswer(line);
    if (told !== null) return withoutSecrets(told);
  }
  // Before it is cut: half of a secret is not known as one.
  const last = linesOf(withoutSecrets(log.slice(-longestLook))).at(-1);
  return last?.slice(0, longestSaying) ?? null;
}

const reconciliationLine = z.object({
  checks: z.array(
    z.object({
      name: z.string(),
      expected: z.union([z.string(), z.number()]),
      observed: z.union([z.string(), z.number()]),
      ok: z.boolean(),
    }),
  ),
});

/** What a line says of progress, or of differences that were found; null where it is none of the forms known. */
function readAnswer(line: string): string | null {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    return null;
  }
  const progress = progressLine.safeParse(content);
  if (progress.success) {
    const { done, total } = progress.data.progress;
    return `${done} of ${total} (${total === 0 ? 100 : Math.floor((100 * done) / total)} %)`;
  }
  const reconciliation = reconciliationLine.safeParse(content);
  if (!reconciliation.success) return null;
  const differences = reconciliation.data.checks
    .filter(({ ok }) => !ok)
    .map(({ name, expected, observed }) => `${name}: expected ${expected}, observed ${observed}`);
  return differences.join("; ") || "no difference";
}
