import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { attempt, codeOf, messageOf } from "../../observe/cluster-request";
import { jobEnd } from "../../observe/job-end";
import type { Cluster } from "../../observe/kubernetes";
import type { CompatAnswer } from "../../policies/gates/compat";
import { type CaseRun, type Execute, mountedPath, noAnswer, parseAnswer } from "./answer";

export interface KubernetesOptions {
  namespace: string;
  deadlineSeconds: number;
}

/** What a ConfigMap holds; the API server takes 1 MiB with everything around it. */
const largestFixtureBytes = 700 * 1024;
/** Should the runner be killed, the cluster itself removes what it left after this time. */
const keptSeconds = 300;
const logLines = 50;
/** Runs each case as a Job whose only input is the fixture, mounted read-only; nothing of it stays. */
export function kubernetesExecutor(cluster: Cluster, options: KubernetesOptions): Execute {
  const { namespace } = options;
  return async (run, interrupted) => {
    if (run.content.length > largestFixtureBytes) {
      const found = `${Math.ceil(run.content.length / 1024)} KiB`;
      return noAnswer(
        `${basename(run.file)} has ${found}, and a ConfigMap takes ${largestFixtureBytes / 1024} KiB: make it smaller, or use --mode local`,
      );
    }
    const name = `compat-${randomBytes(4).toString("hex")}-${run.id}`;
    // Where not even that can be made, there is nothing to tidy up.
    await mountable(cluster, name, run, options);
    try {
      await start(cluster, name, run, options);
      return await answerOf(cluster, name, run, options, interrupted);
    } finally {
      await remove(cluster, namespace, name);
    }
  };
}

const labels = { "app.kubernetes.io/name": "compat" };

/** The fixture as a ConfigMap. */
async function mountable(
  cluster: Cluster,
  name: string,
  run: CaseRun,
  { namespace }: KubernetesOptions,
): Promise<void> {
  const metadata = { name, namespace, labels };
  const fixture = basename(run.file);
  await attempt(cluster, `a ConfigMap in ${namespace}`, () =>
    cluster.core.createNamespacedConfigMap({
      namespace,
      body: { metadata, immutable: true, binaryData: { [fixture]: run.content.toString("base64") } },
    }),
  );
}

async function start(
  cluster: Cluster,
  name: string,
  run: CaseRun,
  options: KubernetesOptions,
): Promise<void> {
  const { namespace } = options;
  const metadata = { name, namespace, labels };
  const job = await attempt(cluster, `a Job in ${namespace}`, () =>
    cluster.batch.createNamespacedJob({ namespace, body: { metadata, spec: jobSpec(name, run, options) } }),
  );
  await attempt(cluster, `the owner of a ConfigMap in ${namespace}`, () =>
    cluster.core.patchNamespacedConfigMap({
      namespace,
      name,
      body: [
        {
          op: "add",
          path: "/metadata/ownerReferences",
          value: [{ apiVersion: "batch/v1", kind: "Job", name, uid: job.metadata?.uid }],
        },
      ],
    }),
  );
}

function jobSpec(name: string, run: CaseRun, { deadlineSeconds }: KubernetesOptions): V1Job["spec"] {
  const fixture = basename(run.file);
  const command = run.command.map((word) => word.replaceAll("{{fixture}}", mountedPath(fixture)));
  return {
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
            name: "reader",
            image: run.image,
            imagePullPolicy: "IfNotPresent",
            command,
            resources: {
              requests: { cpu: "50m", memory: "64Mi" },
              limits: { cpu: "1", memory: "512Mi", "ephemeral-storage": "128Mi" },
            },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            },
            volumeMounts: [
              { name: "fixture", mountPath: mountedPath(""), readOnly: true },
              { name: "scratch", mountPath: "/tmp" },
            ],
          },
        ],
        volumes: [
          { name: "fixture", configMap: { name } },
          { name: "scratch", emptyDir: { sizeLimit: "64Mi" } },
        ],
      },
    },
  };
}

async function answerOf(
  cluster: Cluster,
  name: string,
  run: CaseRun,
  { namespace, deadlineSeconds }: KubernetesOptions,
  interrupted: AbortSignal,
): Promise<CompatAnswer> {
  const end = await jobEnd(cluster, { namespace, name, deadlineSeconds }, interrupted);
  return "problem" in end ? noAnswer(end.problem) : logOf(cluster, namespace, end.pod, run);
}

async function logOf(cluster: Cluster, namespace: string, pod: V1Pod, run: CaseRun): Promise<CompatAnswer> {
  const ran = pod.spec?.containers[0]?.image;
  if (ran !== run.image) return noAnswer(`the cluster ran the image ${ran} instead of ${run.image}`);
  const terminated = pod.status?.containerStatuses?.[0]?.state?.terminated;
  if (terminated === undefined)
    return noAnswer(`its pod failed: ${pod.status?.message ?? pod.status?.reason}`);
  if (terminated.reason === "OOMKilled") return noAnswer("it needed more than 512 MiB of memory");
  const log = await attempt(cluster, `the log of a pod in ${namespace}`, () =>
    cluster.core.readNamespacedPodLog({ namespace, name: pod.metadata?.name ?? "", tailLines: logLines }),
  );
  const answer = parseAnswer(log);
  if (answer.problem === null) return answer;
  return noAnswer(`${answer.problem} (exit code ${terminated.exitCode})`);
}

async function remove(cluster: Cluster, namespace: string, name: string): Promise<void> {
  const gone = (error: unknown) => {
    if (codeOf(error) === 404) return;
    process.stderr.write(
      `The Job ${namespace}/${name} could not be removed (${messageOf(error)}); the cluster does so ${keptSeconds} s after its end.\n`,
    );
  };
  const options = { namespace, name, propagationPolicy: "Background" };
  await cluster.batch.deleteNamespacedJob(options).catch(gone);
  await cluster.core.deleteNamespacedConfigMap(options).catch(gone);
}
