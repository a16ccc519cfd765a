import { reconciliationName } from "../../rollout/data-jobs";
import { jobName, type MigrationRun } from "../../rollout/migrations";
import type { ChannelRecord, Position } from "../../rollout/record";
import {
  after,
  allPhases,
  before,
  jobOf,
  ledgerImage,
  migrating,
  orders,
  reconcileImage,
  runOf,
} from "../rollout/data";
import { completed, intentTo, rolledBack, rolling, steady } from "../rollout/releases";
import { lookAgain, transition } from "./channel";
import type { Registration } from "./engine";
import { backupMade, dataSection, section } from "./section";

const at10 = rolling(10, after, before);
const at30 = rolling(30, after, before);
const at100 = completed(after, before);
const back = rolledBack(after, before);
const customers = runOf(after, "0002-customers");
const copy = runOf(after, "0003-copy");
const turn = runOf(after, "0004-turn");
const clear = runOf(after, "0005-clear");
const begun = { migrations: [customers, copy] };
const channel = dataSection;

const jobOfRun = (run: MigrationRun) => `canary-${jobName(run)}-job`;
const ofType = (list: Registration[], type: string) => list.filter((one) => one.type.endsWith(type));
const backupOf = (list: Registration[]) =>
  ofType(list, ":Job").find(({ name }) => name.startsWith("canary-backup-"))?.name ?? "no backup";

function find(list: Registration[], wanted: string): Registration {
  const found = list.find(({ name }) => name === wanted);
  if (found === undefined)
    throw new Error(`nothing is named ${wanted}: ${list.map(({ name }) => name).join(", ")}`);
  return found;
}

/** Whether the one is begun only when the other is done, by whatever is between. */
function waitsFor(list: Registration[], one: string, other: string): boolean {
  const seen = new Set<string>();
  const reaches = (name: string): boolean => {
    if (name === other) return true;
    if (seen.has(name)) return false;
    seen.add(name);
    return list.find((resource) => resource.name === name)?.dependencies.some(reaches) ?? false;
  };
  return one !== other && reaches(one);
}

/** Each of these waits for the one before it. */
function expectChain(list: Registration[], ...names: string[]): void {
  for (const [index, name] of names.slice(1).entries()) {
    expect({ name, waits: waitsFor(list, name, names[index] ?? "") }).toEqual({ name, waits: true });
  }
}

const candidateReady = `canary-api-${after.id}-deployment`;
const route = "canary-api-route";
const confirmation = "canary-confirmation-command";

interface JobInputs {
  metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string> };
  spec: {
    backoffLimit: number;
    activeDeadlineSeconds: number;
    podFailurePolicy?: object;
    template: {
      spec: {
        serviceAccountName: string;
        automountServiceAccountToken: boolean;
        restartPolicy: string;
        initContainers?: { name: string; image: string; args: string[] }[];
        containers: {
          image: string;
          command: string[];
          env: { name: string; value?: string; valueFrom?: object }[];
        }[];
      };
    };
  };
}
const inputsOf = (list: Registration[], name: string) => find(list, name).inputs as unknown as JobInputs;
function containerOf(list: Registration[], name: string) {
  const [container] = inputsOf(list, name).spec.template.spec.containers;
  if (container === undefined) throw new Error(`${name} has no container`);
  return container;
}

describe("the order of an update that moves data", () => {
  test("a start: copy, expands, the candidate, its traffic, the record; the backfill beside it", async () => {
    const { registrations } = await transition("start", steady(before), at10, { channel });
    const copyJob = backupOf(registrations);
    expectChain(
      registrations,
      "intent",
      copyJob,
      jobOfRun(customers),
      candidateReady,
      route,
      confirmation,
      "record",
    );
    expectChain(registrations, jobOfRun(customers), jobOfRun(copy));
    for (const name of [candidateReady, route, "record"]) {
      expect(waitsFor(registrations, name, jobOfRun(copy))).toBe(false);
    }
  });

  test("an advance to 100 %: copy and traffic, what the data plane shows, the switch, the record", async () => {
    const { registrations } = await transition("advance", at30, at100, {
      channel,
      remembers: begun,
      jobs: [jobOf(copy)],
    });
    expectChain(registrations, backupOf(registrations), jobOfRun(turn), "record");
    expectChain(
      registrations,
      candidateReady,
      route,
      confirmation,
      jobOfRun(turn),
      "record",
      `canary-api-${before.id}-deployment`,
    );
  });

  test("the contract: when the data plane shows the release alone", async () => {
    const { registrations } = await transition("finalize", steady(after), steady(after), { channel });
    expectChain(registrations, backupOf(registrations), jobOfRun(clear), "record");
    expectChain(registrations, confirmation, jobOfRun(clear));
  });

  test("undoing: when the traffic was seen to have left, newest first", async () => {
    const { registrations } = await transition("finalize", back, steady(before), {
      channel,
      remembers: begun,
    });
    const [first, second] = [copy, customers].map((run) => jobOfRun({ ...run, direction: "down" }));
    expectChain(registrations, confirmation, first ?? "", second ?? "", "record");
  });

  test("a rollback waits for nothing of the data, and runs nothing of it", async () => {
    const options = { channel, remembers: begun, jobs: [jobOf(customers), jobOf(copy, "running")] };
    const { registrations } = await transition("rollback", at30, back, options);
    expect(ofType(registrations, ":Job").map(({ name }) => name)).toEqual([jobOfRun(customers)]);
    expect(find(registrations, jobOfRun(customers)).ignoresChanges).toEqual(["spec"]);
  });

  test("an installation runs all of them before the first pod", async () => {
    const { registrations } = await transition("install", null, steady(after), { channel });
    const jobs = allPhases.map(({ id }) => jobOfRun(runOf(after, id)));
    expectChain(registrations, backupOf(registrations), ...jobs, candidateReady, route);
  });

  test("the forms are compared once the weights are recorded, and nobody waits for it", async () => {
    const comparing = migrating("1.1.0", [orders], { reconciliation: { image: reconcileImage } });
    const position = (weight: number) => rolling(weight, comparing, before);
    const { registrations } = await transition("advance", position(10), position(30), { channel });
    const name = `canary-${reconciliationName(comparing, 30, 1)}-job`;
    expectChain(registrations, "record", name);
    expect(inputsOf(registrations, name).metadata.annotations).toHaveProperty(
      ["pulumi.com/skipAwait"],
      "true",
    );
    expect(containerOf(registrations, name).image).toBe(reconcileImage);
  });

  test("where no migration does it, the ledger is told what is live before it is recorded", async () => {
    const plain = migrating("1.1.0", [orders]);
    const { registrations } = await transition("start", steady(before), rolling(10, plain, before), {
      channel,
    });
    const [entry] = ofType(registrations, ":Job");
    expect(entry?.name).toMatch(/^canary-ledger-/);
    expectChain(registrations, confirmation, entry?.name ?? "", "record");
    expect(containerOf(registrations, entry?.name ?? "")).toMatchObject({
      image: ledgerImage,
      args: ["record"],
    });
  });
});

describe("the Job of a migration", () => {
  const start = (options: Parameters<typeof transition>[3] = { channel }) =>
    transition("start", steady(before), at10, options);

  test("runs the release's own image and command under the ledger's program", async () => {
    const { registrations } = await start();
    const { spec } = inputsOf(registrations, jobOfRun(customers));
    expect(spec.template.spec.initContainers).toMatchObject([
      { name: "ledger", image: ledgerImage, args: ["install", "/ledger"] },
    ]);
    expect(containerOf(registrations, jobOfRun(customers))).toMatchObject({
      image: customers.spec.image,
      command: ["/ledger/ledger", "run", "--", "migrate", "0002-customers"],
    });
    expect(spec.podFailurePolicy).toEqual({
      rules: [
        {
          action: "FailJob",
          onExitCodes: { containerName: "expand", operator: "In", values: [3] },
        },
        // Somebody else holds the lock: that is no failure of its own, and waits until the deadline.
        {
          action: "Ignore",
          onExitCodes: { containerName: "expand", operator: "In", values: [4] },
        },
      ],
    });
    expect(spec.template.spec.restartPolicy).toBe("Never");
  });

  test("tells the ledger what is to run, and what is live after it; no secret stands in it", async () => {
    const { registrations } = await start();
    const { env } = containerOf(registrations, jobOfRun(customers));
    const request = JSON.parse(env.find(({ name }) => name === "LEDGER_REQUEST")?.value ?? "null");
    expect(request).toEqual({
      product: "shop",
      channel: "canary",
      transition: jobName(customers),
      attempt: 1,
      live: [before, after].map(({ version, id, migrations }) => ({
        version,
        release: id,
        writes: null,
        reads: [],
        migrations: migrations.map((spec) => spec.id),
      })),
      migration: {
        id: "0002-customers",
        checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
        phase: "expand",
        direction: "up",
        version: "1.1.0",
      },
      lockWithinSeconds: 60,
    });
    for (const name of ["LEDGER_URL", "DATABASE_URL"]) {
      const one = env.find((variable) => variable.name === name);
      expect(one).toEqual({
        name,
        valueFrom: { secretKeyRef: { name: "shop-database", key: expect.any(String) } },
      });
    }
  });

  test("is undone by its own command, and the ledger is told so", async () => {
    const down = { ...customers, direction: "down" as const };
    const options = { channel, remembers: begun };
    const { registrations } = await transition("finalize", back, steady(before), options);
    const { command, env } = containerOf(registrations, jobOfRun(down));
    expect(command).toEqual(["/ledger/ledger", "run", "--", "down"]);
    const request = JSON.parse(env.find(({ name }) => name === "LEDGER_REQUEST")?.value ?? "null");
    expect(request).toMatchObject({ attempt: 1, migration: { id: "0002-customers", direction: "down" } });
    expect(request.live).toHaveLength(1);
  });

  test("is awaited, unless it is a backfill, which may take a day and is tried ten times", async () => {
    const { registrations } = await start();
    const [expand, backfill] = [customers, copy].map((run) => inputsOf(registrations, jobOfRun(run)));
    expect(expand?.metadata.annotations).toHaveProperty(["pulumi.com/timeoutSeconds"], "130");
    expect(expand?.metadata.annotations).not.toHaveProperty(["pulumi.com/skipAwait"]);
    expect(expand?.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 120 });
    expect(backfill?.metadata.annotations).toHaveProperty(["pulumi.com/skipAwait"], "true");
    expect(backfill?.spec).toMatchObject({ backoffLimit: 10, activeDeadlineSeconds: 86_400 });
  });

  test("takes the migration's own deadline and tries", async () => {
    const slow = { ...orders, id: "0002-slow", deadline: "5m", retries: 2 };
    const candidate = migrating("1.1.0", [orders, slow]);
    const { registrations } = await transition("start", steady(before), rolling(10, candidate, before), {
      channel,
    });
    const { spec } = inputsOf(registrations, jobOfRun(runOf(candidate, "0002-slow")));
    expect(spec).toMatchObject({ backoffLimit: 2, activeDeadlineSeconds: 300 });
  });

  test("runs as an account of its own that may do nothing in the cluster", async () => {
    const { registrations } = await start();
    const [account] = ofType(registrations, ":ServiceAccount");
    expect(account?.inputs).toMatchObject({
      metadata: { name: "shop-canary-data" },
      automountServiceAccountToken: false,
    });
    for (const { name } of ofType(registrations, ":Job")) {
      expect(inputsOf(registrations, name).spec.template.spec).toMatchObject({
        serviceAccountName: "shop-canary-data",
        automountServiceAccountToken: false,
      });
      expect(waitsFor(registrations, name, account?.name ?? "")).toBe(true);
    }
  });

  test("without a ledger runs as it is", async () => {
    const { registrations } = await start({ channel: section });
    const { spec } = inputsOf(registrations, jobOfRun(customers));
    expect(spec).not.toHaveProperty("podFailurePolicy");
    expect(spec.template.spec).not.toHaveProperty("initContainers");
    const { command, env } = containerOf(registrations, jobOfRun(customers));
    expect(command).toEqual(["migrate", "0002-customers"]);
    expect(env.map(({ name }) => name)).toEqual(["DATABASE_URL"]);
  });

  test("has the number of its try, under one name in Pulumi's state: the one before is replaced by it", async () => {
    const options = { channel, remembers: begun, jobs: [jobOf(customers), jobOf(copy, "failed")] };
    const { registrations } = await transition("advance", at10, at30, options);
    const { metadata } = inputsOf(registrations, jobOfRun(copy));
    expect(metadata.name).toBe(`${jobName(copy)}-2`);
    expect(metadata.labels).toHaveProperty(["release-channels.dev/run"], jobName(copy));
    expect(metadata.annotations).toHaveProperty(["release-channels.dev/try"], "2");
  });
});

describe("a backup", () => {
  test("is told what it is for, writes to its volume, and gets secrets by reference", async () => {
    const { registrations } = await transition("start", steady(before), at10, { channel });
    const name = backupOf(registrations);
    const { spec } = inputsOf(registrations, name);
    expect(spec).toMatchObject({
      backoffLimit: 0,
      activeDeadlineSeconds: 300,
      template: {
        spec: { volumes: [{ name: "backup", persistentVolumeClaim: { claimName: "shop-backups" } }] },
      },
    });
    expect(containerOf(registrations, name)).toMatchObject({
      image: channel.backup?.job?.image,
      command: ["node", "backup.js"],
      volumeMounts: [{ name: "backup", mountPath: "/backup" }],
      env: [
        { name: "BACKUP_NAME", value: expect.stringMatching(/^canary-backup-[0-9a-f]{8}$/) },
        { name: "RELEASE_VERSION", value: "1.1.0" },
        { name: "RELEASE_ID", value: after.id },
        { name: "RELEASE_CHANNEL", value: "canary" },
        { name: "BACKUP_SCRATCH", value: "scratch" },
        { name: "BACKUP_URL", valueFrom: { secretKeyRef: { name: "shop-database", key: "backup-url" } } },
      ],
    });
  });

  test("is in the record's history, as its program said what it made", async () => {
    const { record } = await transition("start", steady(before), at10, { channel });
    expect(record?.history.at(-1)?.backup).toEqual(backupMade);
  });

  test("is not made, nor told of, where nothing is migrated", async () => {
    const { record, registrations } = await transition("advance", at10, at30, { channel, remembers: begun });
    expect(backupOf(registrations)).toBe("no backup");
    expect(record?.history.at(-1)).not.toHaveProperty("backup");
  });
});

describe("looking again", () => {
  const jobs = [jobOf(customers), jobOf(copy), jobOf(turn), jobOf(clear)];
  const stories: [string, Position | null, Position, Partial<ChannelRecord>][] = [
    ["start", steady(before), at10, {}],
    ["advance", at30, at100, begun],
    ["rollback", at30, back, begun],
    ["finalize", back, steady(before), begun],
    ["finalize", steady(after), steady(after), {}],
    ["install", null, steady(after), {}],
  ];
  const jobInputs = (list: Registration[]) =>
    Object.fromEntries(
      [...ofType(list, ":Job"), ...ofType(list, ":ServiceAccount"), ...ofType(list, ":Command")].map(
        ({ name, inputs }) => [name, inputs],
      ),
    );

  test.each(stories)(
    "after %s changes no Job, and leaves those that ran as they are (%#)",
    async (kind, from, to, remembers) => {
      const made = await transition(kind as "start", from, to, { channel, remembers, jobs });
      const record = made.record as ChannelRecord;
      const again = await lookAgain(record, intentTo("advance", to, record.transition.id), { channel, jobs });
      const reconciles = Object.entries(jobInputs(again.registrations)).filter(([name]) =>
        name.includes("reconcile"),
      );
      expect(jobInputs(again.registrations)).toEqual({
        ...jobInputs(made.registrations),
        ...Object.fromEntries(reconciles),
      });
      const kept = ofType(again.registrations, ":Job").filter(({ name }) => !name.includes("reconcile"));
      for (const { ignoresChanges } of kept) expect(ignoresChanges).toEqual(["spec"]);
      expect(again.record).toEqual(record);
    },
  );

  test("the entry of a release that is live stays what it was when another one begins", async () => {
    const plain = migrating("1.1.0", [orders]);
    const made = await transition("finalize", completed(plain, before), steady(plain), { channel });
    const entry = ofType(made.registrations, ":Job")[0]?.name ?? "";
    const { companions } = made.record as ChannelRecord;
    const next = rolling(10, migrating("1.2.0", [orders]), plain);
    const { registrations } = await transition("start", steady(plain), next, {
      channel,
      remembers: { companions },
    });
    expect(inputsOf(registrations, entry).metadata.labels).toEqual(
      inputsOf(made.registrations, entry).metadata.labels,
    );
    expect(find(registrations, entry).ignoresChanges).toEqual(["spec"]);
  });
});
