import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../config/load/problems";
import type { Comparison, Restoration } from "../../restore/answers";
import { runRestoreCommand } from "../../restore/command";
import type { Perform, TaskRequest } from "../../restore/job";
import type { Tell } from "../../restore/record";
import type { RestoredData } from "../../rollout/restored-data";
import { ann, bob, RestoreProject } from "./project";

const sha256 = "c".repeat(64);
const now = new Date("2026-11-20T12:00:00Z");
const file = "canary-01J.dump";
const backup = { file, size_bytes: 4711, sha256, taken_at: "2026-11-20T10:00:00.000Z" };

const checksum = "1".repeat(64);
const ledger = {
  applied: [
    { product: "shop", id: "0001-orders", checksum },
    { product: "cellar", id: "0001-wine", checksum },
  ],
  notApplied: [
    { product: "shop", id: "0003-customers" },
    { product: "cellar", id: "0002-casks" },
  ],
};
const compared: Comparison = {
  backup,
  database: "shop_canary",
  comparedAt: now.toISOString(),
  tables: [
    ...[
      { table: "public.orders", now: 103, inBackup: 100, newer: 7, changed: 3, deleted: 4 },
      { table: "public.customers", now: 9, inBackup: null, newer: 9, changed: null, deleted: null },
    ].map((one) => ({ ...one, newColumns: [], onlyCounted: null })),
    {
      ...{ table: "public.log", now: 3, inBackup: 2, newer: null, changed: null, deleted: null },
      ...{ newColumns: ["who"], onlyCounted: "it has no primary key" },
    },
  ],
  migrations: [
    {
      ...{ id: "0003-customers", phase: "expand", state: "applied", stateInBackup: null },
      ...{ channel: "canary", version: "1.6.0", finishedAt: "2026-11-20T11:00:00Z" },
    },
  ],
  ledger,
};
const restored: Restoration = {
  restored: { file, sha256 },
  database: "shop_canary",
  at: now.toISOString(),
  backupBefore: {
    ...{ name: "shop_canary", location: "/backup/canary-02J.dump", size_bytes: 1, sha256: "d".repeat(64) },
    taken_at: now.toISOString(),
    restore_test: { at: now.toISOString(), passed: true },
  },
  tables: [{ table: "public.orders", rows: 100 }],
  ledger,
};

let project: RestoreProject;
let out: string;
let asked: TaskRequest[];
let told: Record<string, RestoredData>;
let telling: Tell;

beforeEach(() => {
  project = new RestoreProject();
  out = "";
  asked = [];
  told = {};
  telling = async ({ channel, section }, restored) => {
    told[`${section.namespace}/${channel}`] = restored;
  };
});
afterEach(() => project.remove());

type End = { exitCode: number | null; output: string; begun?: boolean };
const ok = (answer: object): End => ({ exitCode: 0, output: `a line before\n${JSON.stringify(answer)}\n` });

const performing =
  (ends: Partial<Record<TaskRequest["task"], End>>): Perform =>
  async (request) => {
    asked.push(request);
    return { begun: true, job: "shop-canary/job", ...(ends[request.task] ?? ok(compared)) };
  };

function command(args: string, ends: Partial<Record<TaskRequest["task"], End>> = {}): Promise<number> {
  const say = (text: string) => {
    out += text;
  };
  return runRestoreCommand(args.split(" "), {
    projectDir: project.folder,
    now,
    interrupted: new AbortController().signal,
    write: say,
    complain: say,
    tellChannel: (channel, what) => telling(channel, what),
    perform: performing({ compare: ok(compared), restore: ok(restored), ...ends }),
  });
}

const plan = `plan --channel canary --backup ${file}`;
const run = `run --channel canary --backup ${file}`;
const scope = `restore:canary:${sha256}`;

describe("a plan", () => {
  test("says what would be lost, and how it is approved and run", async () => {
    expect(await command(plan)).toBe(0);
    expect(out).toMatch(/public\.orders +103 +100 +7 +3 +4/);
    expect(out).toMatch(/public\.customers +9 +- +9 .*not in the backup/);
    expect(out).toContain(
      "Lost would be 16 newer rows, and what was written since to 3 others; of public.log it is not known.",
    );
    expect(out).toMatch(/0003-customers +expand +not run → applied +canary 1\.6\.0/);
    expect(out).toContain(`npm run approve -- sign --channel canary --scope ${scope} --expires 4h`);
    expect(out).toContain(`npm run restore -- ${run}`);
    expect(asked).toEqual([{ task: "compare", environment: { BACKUP_FILE: file }, deadlineSeconds: 1200 }]);
  });

  test("is JSON for programs", async () => {
    expect(await command(`${plan} --json`)).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ backup, approve: expect.stringContaining(scope) });
  });

  test.each<[string, End, RegExp]>([
    [
      "a program that fails",
      { exitCode: 1, output: "there is no backup\n" },
      /could not be compared: there is no backup/,
    ],
    [
      "a program that knows no such task",
      { exitCode: 0, output: '{"name": "x"}\n' },
      /no answer to BACKUP_TASK=compare.*docs\/backup\.md/,
    ],
    ["a program that says nothing", { exitCode: 0, output: "" }, /no answer to BACKUP_TASK=compare/],
  ])("is not made of the answer of %s", async (_, end, message) => {
    expect(await command(plan, { compare: end })).toBe(1);
    expect(out).toMatch(message);
  });
});

describe("a restore is refused", () => {
  const refused = async (message: RegExp | string, args = run) => {
    expect(await command(args)).toBe(1);
    expect(out).toMatch(message);
    expect(asked.map(({ task }) => task)).not.toContain("restore");
  };

  test("without an approval, naming the command that makes it", async () => {
    await refused(`npm run approve -- sign --channel canary --scope ${scope} --expires 4h --key-file <key>`);
    expect(out).toMatch(/public\.orders +103/);
  });

  test("when another backup was approved", async () => {
    await project.sign(ann, `restore:canary:${"e".repeat(64)}`, { now });
    await refused(/Nobody has approved[\s\S]*ann\.jws: it is of another backup/);
  });

  test("when the approval has expired", async () => {
    await project.sign(ann, scope, { expires: "1h", now: new Date(now.getTime() - 3600_000) });
    await refused(/it has expired at 2026-11-20T12:00:00\.000Z/);
  });

  test("when who approved it may not", async () => {
    expect(await project.sign(bob, scope, { now })).toMatch(
      /it will not be counted: an approval of restore:.* is asked of operations/,
    );
    await refused(/it is by bob \(business\), who may not approve it/);
  });

  test("when a signature is somebody's own making", async () => {
    project.write("approvals/x.jws", "aGVhZA.cGF5bG9hZA.c2ln");
    await refused(/approvals\/x\.jws: it is no JSON Web Signature/);
  });

  test.each<[string, object, RegExp]>([
    ["where no backups are made", { backup: undefined }, /makes no backups \(key channel\.backup\)/],
    ["where the way back is another one", { backup: { evidence: "pitr" } }, /behind its evidence `pitr`/],
    ["where nobody is known", { access: undefined }, /names no access file/],
    ["where nobody may approve it", { permissions: {} }, /key channel\.permissions\.restore/],
  ])("%s, before anything runs", async (_, section, message) => {
    project.section(section);
    await refused(message);
    expect(asked).toEqual([]);
  });

  test.each(["", " --reason="])("without a backup first and without a reason (%j)", async (reason) => {
    await refused(/needs a reason \(--reason\)/, `${run} --without-backup${reason}`);
    expect(asked).toEqual([]);
  });
});

test.each([
  "",
  "run --channel canary",
  "plan --channel canary --backup ../../etc/passwd.dump",
  "plan --channel canary --backup canary.dump;rm",
  `${run} --lock-within soon`,
])("wrong usage is told as such: %j", async (args) => {
  expect(await command(args)).toBe(2);
  expect(asked).toEqual([]);
});

describe("an approved restore", () => {
  beforeEach(async () => {
    expect(await project.sign(ann, scope, { now })).toMatch(/^0: /);
  });

  test("is of exactly that backup, after a backup of what is there", async () => {
    expect(await command(run)).toBe(0);
    expect(asked.map(({ task }) => task)).toEqual(["compare", "restore"]);
    expect(asked[1]?.environment).toEqual({
      BACKUP_FILE: file,
      BACKUP_SHA256: sha256,
      LOCK_WITHIN_SECONDS: "30",
      BACKUP_NAME: expect.stringMatching(/^canary-[0-9A-Z]{26}$/),
    });
    expect(out).toMatch(/approved by ann/);
    expect(out).toContain("What was there before is in /backup/canary-02J.dump");
  });

  const said = { schema: 1, backup: file, sha256, restoredAt: now.toISOString() };
  const ofShop = { applied: [{ id: "0001-orders", checksum }], notApplied: ["0003-customers"] };

  test("is told to the channel, with what the ledger says of its product", async () => {
    expect(await command(run)).toBe(0);
    expect(told).toEqual({ "shop-canary/canary": { ...said, ledger: ofShop } });
    expect(out).toContain(
      "The next update of the channel takes it into account (shop-canary/shop-canary-restored)",
    );
  });

  test("is told without a ledger where the program says nothing of one", async () => {
    const { ledger: _, ...silent } = restored;
    expect(await command(run, { restore: ok(silent) })).toBe(0);
    expect(told).toEqual({ "shop-canary/canary": { ...said, ledger: null } });
  });

  test("is told to every channel on the same data", async () => {
    project.section({ sharesDataWith: ["canary", "stable"] });
    project.write(
      "Pulumi.stable.yaml",
      readFileSync(join(project.folder, "Pulumi.canary.yaml"), "utf8").replaceAll(
        "shop-canary",
        "shop-stable",
      ),
    );
    expect(await command(`${run} --json`)).toBe(0);
    expect(Object.keys(told)).toEqual(["shop-canary/canary", "shop-stable/stable"]);
  });

  test("that cannot be told ends with a code of its own and the one step to repeat", async () => {
    const tell = telling;
    telling = () => Promise.reject(new UserError("the cluster refuses it (HTTP 403)"));
    expect(await command(run)).toBe(4);
    expect(out).toMatch(/The data of canary are those of [\s\S]*canary: the cluster refuses it \(HTTP 403\)/);
    const record = `record --channel canary --backup ${file}`;
    expect(out).toContain(`npm run restore -- ${record}`);
    telling = tell;
    asked = [];
    expect(await command(record)).toBe(0);
    expect(asked.map(({ task }) => task)).toEqual(["compare"]);
    expect(told).toEqual({ "shop-canary/canary": { ...said, ledger: ofShop } });
  });

  test("that another channel on the same data cannot be told of names it", async () => {
    project.section({ sharesDataWith: ["stable"] });
    expect(await command(run)).toBe(4);
    expect(out).toMatch(/not every channel on them knows it:\n {2}stable: [\s\S]*Pulumi\.stable\.yaml/);
    expect(Object.keys(told)).toEqual(["shop-canary/canary"]);
  });

  test("takes no backup first where a reason is given for that", async () => {
    const done = { ...restored, backupBefore: null };
    expect(await command(`${run} --without-backup --reason full`, { restore: ok(done) })).toBe(0);
    expect(asked[1]?.environment).not.toHaveProperty("BACKUP_NAME");
    expect(out).toContain("no backup of it was asked for");
  });

  test.each<[string, End, number, RegExp]>([
    ["has failed", { exitCode: 1, output: "psql failed\n" }, 1, /the data is as it was: psql failed/],
    [
      "was never begun",
      { exitCode: null, begun: false, output: "no image" },
      1,
      /the data is as it was: no image/,
    ],
    [
      "was killed",
      { exitCode: 137, output: "done: it is\n" },
      3,
      /not known whether.*shop-canary\/job.*exit code 137/,
    ],
    ["was lost sight of", { exitCode: null, output: "gone" }, 3, /not known whether it was restored.*gone/],
    [
      "answers nonsense",
      { exitCode: 0, output: "fine\n" },
      3,
      /not known whether.*no answer to BACKUP_TASK=restore/,
    ],
  ])("that %s", async (_, end, code, message) => {
    expect(await command(run, { restore: end })).toBe(code);
    expect(out).toMatch(message);
    expect(told).toEqual({});
  });
});

test("what would never count is not signed", async () => {
  expect(await project.sign(ann, scope, { expires: "25h" })).toMatch(/^1: .*lasts 24 h at most/);
  expect(await project.sign(ann, `restore:stable:${sha256}`)).toMatch(
    /^1: .*is of another channel than canary/,
  );
  expect(await project.sign(ann, "restore:canary:abc")).toMatch(/^2: /);
});
