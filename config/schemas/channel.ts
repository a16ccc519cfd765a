import { z } from "zod";
import { autoscaling, capacityMode, checkSurge, surge } from "./capacity";
import { checkCohorts, cohorts } from "./cohorts";
import { backupPolicy, migrationPolicy } from "./data-store";
import { durationSeconds } from "./duration";
import { checkGateway, gateway } from "./gateway";
import { approvalPolicy, changeWindow, hotfixPolicy, incidentPolicy, permissions } from "./governance";
import { dnsLabel, environment, semanticVersion, webAddress } from "./names";
import { dataSpec } from "./release";
import { resources, secretReferences } from "./workload";

const servicePlace = z
  .strictObject({
    /** Full size of the service; `defaultReplicas` where nothing is said of it. */
    replicas: z.int().min(1).optional(),
    /** In place of a fixed size. */
    autoscaling: autoscaling.optional(),
    resources,
    /** Overlay on the release's environment; snapshotted with each release. */
    env: environment.default({}),
    secrets: secretReferences,
  })
  .superRefine(({ replicas, autoscaling: bounds, resources: { requests = {} } }, context) => {
    if (bounds === undefined) return;
    const refuse = (message: string, input: unknown) =>
      context.addIssue({ code: "custom", path: ["autoscaling"], message, input });
    if (replicas !== undefined) refuse("expected either `replicas` or `autoscaling`, not both", bounds);
    if (!("cpu" in requests)) {
      refuse("expected `resources.requests.cpu` beside it, which `cpuUtilization` is a share of", bounds);
    }
  });

/** For a service that the section does not name (any more). */
export const defaultPlace = servicePlace.parse({});

/** Weights of the candidate, ascending, the last one 100. */
const stages = z
  .array(
    z
      .int({ error: "expected a whole number from 1 to 100" })
      .min(1, { error: "expected a whole number from 1 to 100" })
      .max(100, { error: "expected a whole number from 1 to 100" }),
  )
  .min(1, { error: "expected at least one weight, the last one 100" })
  .superRefine((weights, context) => {
    const inRange = (weight: number | undefined) => weight !== undefined && weight >= 1 && weight <= 100;
    weights.forEach((weight, index) => {
      const previous = weights[index - 1];
      if (previous !== undefined && inRange(previous) && inRange(weight) && weight <= previous) {
        context.addIssue({
          code: "custom",
          path: [index],
          message: `expected stages in ascending order: more than ${previous}`,
          input: weight,
        });
      }
    });
    if (weights.length > 0 && weights.at(-1) !== 100) {
      context.addIssue({
        code: "custom",
        path: [weights.length - 1],
        message: "expected the last stage to be 100",
        input: weights.at(-1),
      });
    }
  });

const enoughSeen = z.strictObject({
  for: durationSeconds.optional(),
  requests: z.int().min(1).optional(),
});

/** Enough is seen after this time, or after that many candidate requests where a number is set. */
const observation = z.strictObject({
  for: durationSeconds.default(1800),
  requests: z.int().min(1).optional(),
  /** What is otherwise while the candidate has this weight. */
  stages: z
    .record(
      z.string().regex(/^([1-9]\d?|100)$/, { error: "expected the candidate's weight, from 1 to 100" }),
      enoughSeen,
    )
    .default({}),
});

const fields = z.strictObject({
  product: dnsLabel(20),
  namespace: dnsLabel(),
  /** kubeconfig context; the current one where it is left out. */
  context: z.string().min(1).optional(),
  /** Folder of the release files, relative to the project. */
  releases: z.string().min(1).default("releases"),
  /** SLO policy file, relative to the project. */
  slo: z.string().min(1).default("slo.yaml"),
  /** Files of the other policies, relative to the project; a gate without its file is skipped. */
  compat: z.string().min(1).optional(),
  evidence: z.string().min(1).optional(),
  access: z.string().min(1).optional(),
  stages: stages.default([10, 30, 100]),
  gateway,
  /** Whose requests go wholly to the candidate, before the weight is asked. */
  cohorts: cohorts.default({}),
  services: z.record(dnsLabel(30), servicePlace),
  /** What the baseline keeps while its share goes down. */
  capacity: capacityMode.default("full"),
  /** Bounds the pods of both releases; any number where it is left out. */
  surge: surge.optional(),
  /** Whether a step needs room on the nodes there are; not where nodes are added when they are needed. */
  nodeRoom: z.boolean({ error: "expected true or false" }).default(true),
  migrations: migrationPolicy.prefault({}),
  /** What is done before the first migration of a release; nothing where it is left out. */
  backup: backupPolicy.optional(),
  observation: observation.prefault({}),
  rollbackWindow: durationSeconds.default(86400),
  promotion: z.strictObject({ from: dnsLabel(), greenFor: durationSeconds.default(86400) }).optional(),
  /** Channels whose releases live on the same data store. */
  sharesDataWith: z.array(dnsLabel()).default([]),
  /** What releases write and read whose own files do not say it: version → declaration made afterwards. */
  dataOf: z.record(semanticVersion, dataSpec).default({}),
  /** Plugins that are installed here, `none` where one is not; a release names the versions it works with. */
  plugins: z.record(dnsLabel(40), z.union([z.literal("none"), semanticVersion])).default({}),
  /** Versions of the other products and services that a release talks to here. */
  peers: z.record(dnsLabel(40), semanticVersion).default({}),
  /** Which changes may enter by the hotfix lane; none where it is left out. */
  hotfix: hotfixPolicy.optional(),
  changeWindow: changeWindow.optional(),
  approvals: approvalPolicy.prefault({}),
  permissions: permissions.prefault({}),
  incidents: incidentPolicy.optional(),
  prometheus: z.strictObject({ url: webAddress, scrapeInterval: durationSeconds.default(15) }).optional(),
  /** Longest time a Deployment may take to become ready. */
  readyWithin: durationSeconds.default(120),
  /** Longest time the data plane may take to show a new weight. */
  confirmWithin: durationSeconds.default(60),
  /** Longest time that all waits of one update may take together. */
  maxWait: durationSeconds.default(600),
  /** How long an ending pod keeps answering, so that gateways can stop using it. */
  drain: durationSeconds.default(5),
});

/** The channel's section of `Pulumi.<channel>.yaml`: where a release runs, and under which policy. */
export const channelSection = fields.superRefine((section, context) => {
  const { stages, observation, cohorts } = section;
  checkGateway(section.gateway, cohorts, context);
  checkCohorts(cohorts, stages, context);
  checkSurge(section, context);
  const unknown = Object.keys(observation.stages).filter((weight) => !stages.includes(Number(weight)));
  for (const weight of unknown) {
    context.addIssue({
      code: "custom",
      path: ["observation", "stages", weight],
      message: `expected one of \`stages\`: ${stages.join(", ")}`,
      input: Number(weight),
    });
  }
});

export type ChannelSection = z.infer<typeof channelSection>;

/** `auto`, `hold`, or the weight up to which to advance. */
export const stageSetting = z.union([
  z.literal("auto"),
  z.literal("hold"),
  z
    .string()
    .regex(/^\d{1,3}$/, { error: "expected auto, hold or a weight such as 30" })
    .transform(Number)
    .refine((weight) => weight >= 1 && weight <= 100, { error: "expected a weight from 1 to 100" }),
]);

export type StageSetting = z.infer<typeof stageSetting>;

/** By which way a version comes in: through the channels in their order, or directly. */
export const releaseLane = z.enum(["train", "hotfix"], { error: "expected train or hotfix" });

export type ReleaseLane = z.infer<typeof releaseLane>;

/** The scalar keys of the stack configuration. */
export const stackSettings = z.strictObject({
  version: semanticVersion,
  stage: stageSetting.default("auto"),
  attempt: z.coerce
    .number()
    .pipe(z.int({ error: "expected a whole number" }).min(1, { error: "expected 1 or more" }))
    .default(1),
  reason: z.string().min(1).optional(),
  lane: releaseLane.default("train"),
  strictHold: z
    .enum(["true", "false"], { error: "expected true or false" })
    .default("false")
    .transform((text) => text === "true"),
});

export type StackSettings = z.infer<typeof stackSettings>;
