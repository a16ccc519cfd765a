import { randomBytes } from "node:crypto";
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import type { BackupJobPolicy } from "../config/schemas/data-store";
import { attempt, codeOf, messageOf } from "../observe/cluster-request";
import { jobEnd } from "../observe/job-end";
import type { Cluster } from "../observe/kubernetes";

/** One task for the program in the image of the channel's backups. */
export interface TaskRequest {
  task: "compare" | "restore";
  /** What the program is told beside what the channel configures. */
  environment: Record<string, string>;
  deadlineSeconds: number;
}

/** How it ended. */
export interface TaskEnd {
  /** Null where it is not known. */
  exitCode: number | null;
  /** False where the program was never started. */
  begun: boolean;
  /** What the program printed, or why it did not. */
  output: string;
  /** `<namespace>/<name>` */
  job: string;
}

/**
 * Runs a task to its end, telling its progress line by line.
 * @throws {UserError} where its Job could not even be created
 */
export type Perform = (
  request: TaskRequest,
  tell: (line: string) => void,
  interrupted: AbortSignal,
) => Promise<TaskEnd>;

/** Should this program be killed, the cluster itself removes what it left after this time. */
const keptSeconds = 3600;
const folder = "/backup";

/** @param channel handed to the program as RELEASE_CHANNEL */
export function jobRunner(
  cluster: Cluster,
  namespace: string,
  channel: string,
  policy: BackupJobPolicy,
): Perform {
  return async (request, tell, interrupted) => {
    const name = `${request.task}-${randomBytes(4).toString("hex")}`;
    const job = `${namespace}/${name}`;
    const body = {
      metadata: { name, namespace, labels },
      spec: jobSpec(policy, { ...request.environment, RELEASE_CHANNEL: channel }, request),
    };
    await attempt(cluster, `a Job in ${namespace}`, () =>
      cluster.batch.createNamespacedJob({ namespace, body }),
    );
    tell(`The Job ${job} runs (kubectl logs -n ${namespace} job/${name}).`);
    const progress = new Progress(tell);
    try {
      const running = { namespace, name, deadlineSeconds: request.deadlineSeconds };
      const end = await jobEnd(cluster, running, interrupted, async (pod) =>
        progress.show(await logOf(cluster, namespace, pod)),
      );
      if ("problem" in end) return { exitCode: null, begun: end.begun, output: end.problem, job };
      const terminated = end.pod.status?.containerStatuses?.[0]?.state?.terminated;
      const output = await logOf(cluster, namespace, end.pod);
      return { exitCode: terminated?.exitCode ?? null, begun: true, output, job };
    } catch (error) {
      const why: unknown = interrupted.aborted ? interrupted.reason : error;
      return { exitCode: null, begun: true, output: why instanceof Error ? why.message : String(why), job };
    } finally {
      await remove(cluster, namespace, name, tell);
    }
  };
}

const labels = { "app.kubernetes.io/name": "restore" };

function jobSpec(
  { image, command, env, secrets, volumeClaim, resources }: BackupJobPolicy,
  own: Record<string, string>,
  { task, deadlineSeconds }: TaskRequest,
): V1Job["spec"] {
  const values = Object.entries({ ...env, ...own, BACKUP_TASK: task });
  return {
    // What has failed is looked at by a person before it is tried again.
    backoffLimit: 0,
    activeDeadlineSeconds: deadlineSeconds,
    ttlSecondsAfterFinished: keptSeconds,
    template: {
      metadata: { labels },
      spec: {
        restartPolicy: "Never",
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: task,
            image,
            imagePullPolicy: "IfNotPresent",
            ...(command === undefined ? {} : { command }),
            env: [
              ...values.map(([name, value]) => ({ name, value })),
              ...Object.entries(secrets).map(([name, secretKeyRef]) => ({
                name,
                valueFrom: { secretKeyRef },
              })),
            ],
            resources,
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            },
            volumeMounts: [
              { name: "backup", mountPath: folder },
              { name: "scratch", mountPath: "/tmp" },
            ],
          },
        ],
        volumes: [
          { name: "backup", persistentVolumeClaim: { claimName: volumeClaim } },
          { name: "scratch", emptyDir: {} },
        ],
      },
    },
  };
}

/** Lines of a log that grows, each told once; the answer, which is JSON, is for the program. */
class Progress {
  #told = 0;

  constructor(readonly tell: (line: string) => void) {}

  show(log: string): void {
    const whole = log
      .slice(0, log.lastIndexOf("\n") + 1)
      .split("\n")
      .slice(0, -1);
    for (const line of whole.slice(this.#told)) {
      if (!line.startsWith("{")) this.tell(`  ${line}`);
    }
    this.#told = Math.max(this.#told, whole.length);
  }
}

/** Empty while its container has not begun. */
async function logOf(cluster: Cluster, namespace: string, pod: V1Pod): Promise<string> {
  const state = pod.status?.containerStatuses?.[0]?.state;
  if (state?.running === undefined && state?.terminated === undefined) return "";
  return attempt(cluster, `the log of a pod in ${namespace}`, () =>
    cluster.core.readNamespacedPodLog({ namespace, name: pod.metadata?.name ?? "" }),
  );
}

async function remove(
  cluster: Cluster,
  namespace: string,
  name: string,
  tell: (line: string) => void,
): Promise<void> {
  try {
    await cluster.batch.deleteNamespacedJob({ namespace, name, propagationPolicy: "Background" });
  } catch (error) {
    if (codeOf(error) === 404) return;
    tell(
      `The Job ${namespace}/${name} could not be removed (${messageOf(error)}); the cluster does so later.`,
    );
  }
}
