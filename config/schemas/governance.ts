import { DateTime, IANAZone } from "luxon";
import { z } from "zod";
import { durationSeconds } from "./duration";
import { dnsLabel } from "./names";

const clock = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, { error: "expected a time such as 18:00" });
const weekday = z.enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);

/** Some releases of Node take offsets such as `+01:00` for zones, and the calendar library does not. */
const timeZone = z
  .string()
  .refine((name) => IANAZone.isValidZone(name) && DateTime.utc().setZone(name).isValid, {
    error: "expected an IANA time zone such as Europe/Berlin",
  });

/** By the clock on the wall; one that ends before it begins goes on after midnight. */
const window = z
  .strictObject(
    { days: z.array(weekday).min(1), from: clock, to: clock },
    { error: 'expected a window such as { days: [mon, fri], from: "18:00", to: "22:00" }' },
  )
  .refine(({ from }) => from !== "24:00", {
    error: "expected 00:00 and the day after",
    path: ["from"],
  })
  .refine(({ from, to }) => from !== to, {
    error: "expected another time than `from`; a whole day is from 00:00 to 24:00",
    path: ["to"],
  });

const time = z.iso.datetime({ offset: true, error: "expected a time such as 2026-12-18T00:00:00+01:00" });

/** When a rollout may begin or go on. */
export const changeWindow = z.strictObject({
  zone: timeZone,
  windows: z
    .array(window)
    .min(1)
    .default([
      { days: ["mon", "tue", "wed", "thu", "fri"], from: "18:00", to: "22:00" },
      { days: ["sat", "sun"], from: "10:00", to: "18:00" },
    ]),
  /** Times in which nothing begins or goes on, whatever the windows say. */
  freezes: z
    .array(
      z
        .strictObject({
          from: time,
          to: time,
          reason: z.string().min(1),
        })
        .refine(({ from, to }) => Date.parse(from) < Date.parse(to), {
          error: "expected `to` after `from`",
          path: ["to"],
        }),
    )
    .default([]),
});
export type ChangeWindow = z.infer<typeof changeWindow>;

export const role = dnsLabel(30);

const noStep = { error: "expected start, finalize, contract or a weight such as 30" };

/** Who has to agree to which change, and when: one valid approval per role, each by another person. */
const approvalRule = z.strictObject({
  /** Against the version that is live; `hotfix` instead of `patch` for what comes in by that lane. */
  change: z.enum(["any", "major", "minor", "patch", "hotfix"]),
  /** `start`, `finalize`, `contract` (of every change's data), or the weight that is to be reached. */
  at: z
    .union([
      z.literal("start"),
      z.literal("finalize"),
      z.literal("contract"),
      z.int(noStep).min(1, noStep).max(100, noStep),
    ])
    .default("start"),
  roles: z
    .array(role)
    .min(1)
    .refine((roles) => new Set(roles).size === roles.length, { error: "expected every role once" }),
});
export type ApprovalRule = z.infer<typeof approvalRule>;

/** Where the channel has an access file and says nothing else: three parties agree to a major change. */
export const defaultApprovalRules: readonly ApprovalRule[] = [
  { change: "major", at: "start", roles: ["business", "technology", "operations"] },
];

export const approvalPolicy = z.strictObject({
  /** Folder of signed approvals and overrides, relative to the project. */
  folder: z.string().min(1).default("approvals"),
  /** An empty list asks for no approval at all. */
  rules: z.array(approvalRule).optional(),
});

/** Roles that may do something; without an entry everybody may, except override and restore. */
export const permissions = z.strictObject({
  /** Install a release, or start its rollout. */
  start: z.array(role).min(1).optional(),
  /** Give it more, or the rest for good: advance and finalize. */
  promote: z.array(role).min(1).optional(),
  /** Pass a gate in spite of its verdict; without an entry nobody may. */
  override: z.array(role).min(1).optional(),
  /** Approve that a backup takes the place of the channel's data; without an entry nobody may. */
  restore: z.array(role).min(1).optional(),
  /** Of a rollback it is only recorded that somebody else did it. */
  rollback: z.array(role).min(1).optional(),
});

/** A patch of the live release's own line, taken in without the channel before this one. */
export const hotfixPolicy = z.strictObject({
  observation: z.strictObject({ for: durationSeconds, requests: z.int().min(1).optional() }),
  roles: z.array(role).min(1),
});

export const incidentPolicy = z
  .strictObject({
    /** JSON or YAML file of open incidents, relative to the project. */
    file: z.string().min(1).optional(),
    alertmanager: z
      .strictObject({
        url: z.url({ protocol: /^https?$/, error: "expected an address such as http://127.0.0.1:9093" }),
        /** Only alerts with these labels count. */
        labels: z.record(z.string(), z.string()).default({}),
        /** Name of an alert that always fires: where it is missing, alerts do not arrive, and silence says nothing. */
        watchdog: z.string().min(1).optional(),
      })
      .optional(),
    /** Severities of incidents that stop a rollout. */
    incidentSeverities: z.array(z.string().min(1)).min(1).default(["P1"]),
    alertSeverities: z.array(z.string().min(1)).min(1).default(["critical"]),
    /** How long an alert must have been active to count. */
    alertFor: durationSeconds.default(300),
  })
  .refine(({ file, alertmanager }) => file !== undefined || alertmanager !== undefined, {
    error: "expected `file`, `alertmanager`, or both",
  });
