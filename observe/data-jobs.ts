import type { V1Job } from "@kubernetes/client-node";
import { z } from "zod";
import type { JobObservation } from "../rollout/data-jobs";
import { labelKeys, tryAnnotation } from "../rollout/labels";
import { ask, type Cluster } from "./kubernetes";

/** What a container says is looked for among its last lines. */
const logLines = 20;
const longestSaying = 300;

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
  return {
    run: labels[labelKeys.run] ?? name,
    attempt: Number(annotations[tryAnnotation] ?? 1),
    status,
    says: status === "complete" ? null : await lastWords(cluster, namespace, name),
    ...(status === "complete" && completedAt !== undefined ? { completedAt } : {}),
  };
}

function statusOf({ status }: V1Job): JobObservation["status"] {
  const holds = (type: string) =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === "True");
  if (holds("Complete")) return "complete";
  return holds("Failed") || holds("FailureTarget") ? "failed" : "running";
}

/** Progress of its newest pod, or else its last line; null where nothing of it can be read. */
async function lastWords(cluster: Cluster, namespace: string, job: string): Promise<string | null> {
  try {
    const labelSelector = `batch.kubernetes.io/job-name=${job}`;
    const pods = await ask(cluster, `Pods in ${namespace}`, (options) =>
      cluster.core.listNamespacedPod({ namespace, labelSelector }, options),
    );
    const begun = (pods?.items ?? [])
      .map(({ metadata }) => ({
        name: metadata?.name ?? "",
        at: metadata?.creationTimestamp?.getTime() ?? 0,
      }))
      .sort((left, right) => right.at - left.at);
    const [newest] = begun;
    if (newest === undefined) return null;
    const log = await ask(cluster, `the log of ${newest.name}`, (options) =>
      cluster.core.readNamespacedPodLog({ namespace, name: newest.name, tailLines: logLines }, options),
    );
    return summary((log ?? "").split("\n").filter((line) => line.trim() !== ""));
  } catch {
    // A user who may not read logs still sees whether it runs.
    return null;
  }
}

const progressLine = z.object({ progress: z.object({ done: z.number().min(0), total: z.number().min(0) }) });

function summary(lines: readonly string[]): string | null {
  for (const line of [...lines].reverse()) {
    const told = readAnswer(line);
    if (told !== null) return told;
  }
  return lines.at(-1)?.slice(0, longestSaying) ?? null;
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
