import { z } from "zod";
import { durationSeconds } from "./duration";
import { dnsLabel } from "./names";

const clock = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, { error: "expected a time such as 18:00" });
const weekday = z.enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);

const timeZone = z.string().refine(
  (name) => {
    try {
      new Intl.DateTimeFormat("en", { timeZone: name });
      return true;
    } catch {
      return false;
    }
  },
  { error: "expected an IANA time zone such as Europe/Berlin" },
);

/** When a rollout may begin or go on. */
export const changeWindow = z.strictObject({
  zone: timeZone,
  windows: z
    .array(z.strictObject({ days: z.array(weekday).min(1), from: clock, to: clock }))
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
          from: z.iso.datetime({ offset: true }),
          to: z.iso.datetime({ offset: true }),
          reason: z.string().min(1),
        })
        .refine(({ from, to }) => Date.parse(from) < Date.parse(to), {
          error: "expected `to` after `from`",
          path: ["to"],
        }),
    )
    .default([]),
});

export const role = dnsLabel(30);

/** Who has to agree to which change, and when: one valid approval per role, each by another person. */
const approvalRule = z.strictObject({
  change: z.enum(["any", "major", "minor", "patch", "hotfix"]),
  /** `start`, `finalize`, or the weight that is to be reached. */
  at: z.union([z.literal("start"), z.literal("finalize"), z.int().min(1).max(100)]).default("start"),
  roles: z.array(role).min(1),
});

/** Majors need business, technology and operations to agree, unless the channel says otherwise. */
export const approvalPolicy = z.strictObject({
  /** Folder of signed approvals and overrides, relative to the project. */
  folder: z.string().min(1).default("approvals"),
  rules: z.array(approvalRule).default([]),
});

/** Roles that may do something; without an entry everybody may. */
export const permissions = z.strictObject({
  start: z.array(role).min(1).optional(),
  promote: z.array(role).min(1).optional(),
  override: z.array(role).min(1).optional(),
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
