import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { resources } from "../config/schemas/workload";
import { labelKeys, tryAnnotation } from "../rollout/labels";
import type { Release } from "../rollout/release";
import { type ChannelContext, ownAnnotations, releaseLabels } from "./release-context";

type Container = Omit<k8s.types.input.core.v1.Container, "name" | "resources" | "securityContext">;

export interface DataJobArgs {
  context: ChannelContext;
  /** Name of the Job in the cluster. */
  jobName: string;
  /** What it is one of, tries counted apart. */
  run: string;
  /** Phase of its migration, or what else it is for. */
  phase: string;
  release: Pick<Release, "id" | "version">;
  serviceAccount: string;
  container: Container;
  resources: z.infer<typeof resources>;
  initContainers?: k8s.types.input.core.v1.Container[];
  volumes?: k8s.types.input.core.v1.Volume[];
  deadlineSeconds: number;
  retries: number;
  /** Exit codes after which trying again is of no use. */
  finalExitCodes?: number[];
  /** Exit codes that say that it could not begin, or has to be repeated: tried again until the deadline. */
  repeatedExitCodes?: number[];
  /** Its update waits until it is complete. */
  awaited: boolean;
  correlation: string | undefined;
  /** It has been run: as it was is how it stays, whatever is configured by now. */
  kept: boolean;
}

/** What containers of data Jobs may do: nothing beyond their own processes. */
export const confined = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

/** A Job that changes, copies or checks the channel's data: bounded in time, without privileges or a token. */
export function dataJob(
  name: string,
  args: DataJobArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.batch.v1.Job {
  const { context, run, phase, release, deadlineSeconds, retries } = args;
  const rules = failureRules(args);
  const labels = {
    ...releaseLabels(context, phase, release),
    [labelKeys.run]: run,
    [labelKeys.phase]: phase,
  };
  const { jobName } = args;
  const attempt = jobName === run ? "1" : jobName.slice(run.length + 1);
  return new k8s.batch.v1.Job(
    name,
    {
      metadata: {
        name: jobName,
        namespace: context.namespace,
        labels,
        annotations: {
          [tryAnnotation]: attempt,
          ...ownAnnotations(args.correlation),
          ...(args.awaited
            ? { "pulumi.com/timeoutSeconds": String(deadlineSeconds + 10) }
            : { "pulumi.com/skipAwait": "true" }),
        },
      },
      spec: {
        backoffLimit: retries,
        activeDeadlineSeconds: deadlineSeconds,
        ...(rules.length === 0 ? {} : { podFailurePolicy: { rules } }),
        template: {
          metadata: { labels },
          spec: {
            restartPolicy: "Never",
            serviceAccountName: args.serviceAccount,
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
            ...(args.initContainers === undefined ? {} : { initContainers: args.initContainers }),
            containers: [
              {
                imagePullPolicy: "IfNotPresent",
                ...args.container,
                name: phase,
                resources: args.resources,
                securityContext: confined,
                // Brings the end of the log into the Job's error.
                terminationMessagePolicy: "FallbackToLogsOnError",
              },
            ],
            ...(args.volumes === undefined ? {} : { volumes: args.volumes }),
          },
        },
      },
    },
    { ...opts, provider: context.provider, ...(args.kept ? { ignoreChanges: ["spec"] } : {}) },
  );
}

/** Of what is ignored, the Job makes another pod and does not count the failed one as a retry. */
function failureRules({
  phase,
  finalExitCodes,
  repeatedExitCodes,
}: Pick<DataJobArgs, "phase" | "finalExitCodes" | "repeatedExitCodes">) {
  const rule = (action: string, values: number[]) => ({
    action,
    onExitCodes: { containerName: phase, operator: "In", values },
  });
  return [
    ...(finalExitCodes === undefined ? [] : [rule("FailJob", finalExitCodes)]),
    ...(repeatedExitCodes === undefined ? [] : [rule("Ignore", repeatedExitCodes)]),
  ];
}
