import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { channels } from "../../../local/cluster/channels";
import { apply, kubectl } from "../../../local/cluster/kubectl";
import { databaseUrl, scratchUrl } from "../../../local/cluster/postgres";
import { buildImages } from "../../../local/images/build";
import { userId } from "../../../local/images/image";
import { kubeconfigPath, ports } from "../../../local/settings";
import { runRestoreCommand } from "../../../restore/command";
import { backup as backupAnswer } from "../../../rollout/data-jobs";
import { ann, RestoreProject } from "../../restore/project";

jest.setTimeout(180_000);

const name = `restore-test-${randomBytes(4).toString("hex")}`;
const role = name.replaceAll("-", "_");
const volume = mkdtempSync(join(tmpdir(), "restore-volume-"));
const [canary] = channels();
const own = { ...canary!, namespace: name, database: role, password: randomBytes(12).toString("hex") };

let job: { image: string; secrets: object; volumeClaim: string; deadline: string };
let project: RestoreProject;
let out: string;

async function as<T>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
const administrate = (sql: string) =>
  as(
    { host: "/run/release-channels/postgres", port: ports.postgres, user: "postgres", database: "postgres" },
    (client) => client.query(sql),
  );
const query = (sql: string) =>
  as({ connectionString: databaseUrl(own) }, async (client) => (await client.query(sql)).rows);

const secret = (of: string, url: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: of, namespace: name },
  stringData: { url },
});
const storage = { accessModes: ["ReadWriteOnce"], storageClassName: "" };

beforeAll(async () => {
  process.env.KUBECONFIG = kubeconfigPath;
  chownSync(volume, userId, userId);
  chmodSync(volume, 0o700);
  await administrate(`create role ${role} login password '${own.password}'`);
  await administrate(`create database ${role} owner ${role}`);
  await administrate(`revoke all on database ${role} from public`);
  await apply([
    { apiVersion: "v1", kind: "Namespace", metadata: { name } },
    secret("shop-database", databaseUrl(own)),
    secret("shop-database-scratch", scratchUrl(own)),
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name },
      spec: {
        ...storage,
        capacity: { storage: "1Gi" },
        persistentVolumeReclaimPolicy: "Retain",
        claimRef: { namespace: name, name: "shop-backup" },
        hostPath: { path: volume, type: "Directory" },
      },
    },
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "shop-backup", namespace: name },
      spec: { ...storage, volumeName: name, resources: { requests: { storage: "1Gi" } } },
    },
  ]);
  const built = (await buildImages()).find((one) => one.name === "local/shop-backup");
  job = {
    image: `local/shop-backup@${built!.digest}`,
    secrets: {
      DATABASE_URL: { name: "shop-database", key: "url" },
      SCRATCH_DATABASE_URL: { name: "shop-database-scratch", key: "url" },
    },
    volumeClaim: "shop-backup",
    deadline: "30s",
  };
});
afterAll(async () => {
  await kubectl(["delete", "namespace", name, "--wait=false"]);
  await kubectl(["delete", "persistentvolume", name, "--wait=false"]);
  await administrate(`drop database if exists ${role} with (force)`);
  await administrate(`drop role if exists ${role}`);
  rmSync(volume, { recursive: true });
});

beforeEach(async () => {
  project = new RestoreProject({ namespace: name, backup: { job } });
  out = "";
  await query(
    `drop table if exists receipts, orders cascade;
     create table orders (id bigint generated always as identity primary key, item text not null);
     insert into orders (item) select 'tea' from generate_series(1, 20)`,
  );
});
afterEach(() => project.remove());

function command(args: string, interrupted = new AbortController().signal): Promise<number> {
  const say = (text: string) => {
    out += text;
  };
  return runRestoreCommand([...args.split(" "), "--channel", "canary"], {
    ...{ projectDir: project.folder, now: new Date(), interrupted, write: say, complain: say },
  });
}

/** The Job of a channel's backup as an update runs it; what it leaves as its termination message. */
async function backUp(as: string) {
  const container = {
    name: "backup",
    image: job.image,
    env: [
      { name: "BACKUP_NAME", value: as },
      { name: "RELEASE_CHANNEL", value: "canary" },
      ...Object.entries(job.secrets).map(([variable, secretKeyRef]) => ({
        name: variable,
        valueFrom: { secretKeyRef },
      })),
    ],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [{ name: "backup", mountPath: "/backup" }],
  };
  const template = {
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [container],
      volumes: [{ name: "backup", persistentVolumeClaim: { claimName: "shop-backup" } }],
    },
  };
  const metadata = { name: `backup-${as}`, namespace: name };
  await apply([{ apiVersion: "batch/v1", kind: "Job", metadata, spec: { backoffLimit: 0, template } }]);
  await kubectl(["wait", "--for=condition=complete", `job/${metadata.name}`, "-n", name, "--timeout=60s"]);
  const path = "jsonpath={.items[0].status.containerStatuses[0].state.terminated.message}";
  const label = `batch.kubernetes.io/job-name=${metadata.name}`;
  return backupAnswer.parse(
    JSON.parse(await kubectl(["get", "pods", "-n", name, "-l", label, "--output", path])),
  );
}

const jobs = () => kubectl(["get", "jobs", "-n", name, "-o", "name"]);

describe("a channel's backup", () => {
  test("is planned, approved and restored, and the way back from that is kept", async () => {
    const { sha256, location } = await backUp("canary-1");
    expect(location).toBe("/backup/canary-1.dump");
    await query("insert into orders (item) values ('late'), ('later'); delete from orders where id = 1");
    await query("create table receipts (id bigint primary key references orders (id))");

    expect(await command("plan --backup canary-1.dump")).toBe(0);
    expect(out).toMatch(/public\.orders +21 +20 +2 +0 +1\n/);
    expect(out).toMatch(/public\.receipts .*not in the backup: it/);

    expect(await command("run --backup canary-1.dump")).toBe(1);
    const scope = /--scope (restore:canary:\w+)/.exec(out)?.[1] ?? "";
    expect(scope).toBe(`restore:canary:${sha256}`);
    expect(await project.sign(ann, scope)).toMatch(/^0: /);
    out = "";
    expect(await command("run --backup canary-1.dump --json")).toBe(0);
    const { done, approval } = JSON.parse(out.slice(out.indexOf("\n{") + 1));
    expect(approval).toMatchObject({ by: "ann", scope });
    expect(done.tables).toEqual([{ table: "public.orders", rows: 20 }]);
    expect(await query("select min(id)::int as first, count(*)::int as count from orders")).toEqual([
      { first: 1, count: 20 },
    ]);
    expect(await query("select to_regclass('receipts') is null as gone")).toEqual([{ gone: true }]);

    const before = done.backupBefore.location.split("/").at(-1);
    expect(readdirSync(volume)).toContain(before);
    expect(await project.sign(ann, `restore:canary:${done.backupBefore.sha256}`)).toMatch(/^0: /);
    expect(await command(`run --backup ${before} --without-backup --reason regretted`)).toBe(0);
    expect(await query("select item from orders where id > 20 order by id")).toEqual([
      { item: "late" },
      { item: "later" },
    ]);
    expect(await jobs()).not.toMatch(/compare|restore-/);
  });

  test("that was exchanged after it was approved is refused, and nothing is changed", async () => {
    const { sha256 } = await backUp("canary-2");
    expect(await project.sign(ann, `restore:canary:${sha256}`)).toMatch(/^0: /);
    await query("insert into orders (item) values ('late')");
    await kubectl(["delete", "job", "backup-canary-2", "-n", name]);
    await backUp("canary-2");
    expect(await command("run --backup canary-2.dump")).toBe(1);
    expect(out).toMatch(/Nobody has approved[\s\S]*is of another backup/);
    expect(await query("select count(*)::int as count from orders")).toEqual([{ count: 21 }]);
  });

  test("that is not there is told with those that are", async () => {
    await backUp("canary-3");
    expect(await command("plan --backup canary-9.dump")).toBe(1);
    expect(out).toMatch(/there is no backup canary-9\.dump; there are: .*canary-3\.dump/);
  });

  test("meets somebody's transaction, and leaves the data as it was", async () => {
    const { sha256 } = await backUp("canary-4");
    expect(await project.sign(ann, `restore:canary:${sha256}`)).toMatch(/^0: /);
    await query("insert into orders (item) values ('late')");
    await as({ connectionString: databaseUrl(own) }, async (other) => {
      await other.query("begin; update orders set item = 'mug' where id = 2");
      expect(await command("run --backup canary-4.dump --lock-within 1s")).toBe(1);
      await other.query("commit");
    });
    expect(out).toMatch(/the data is as it was: .*other sessions have kept their locks/);
    expect(await query("select count(*)::int as count from orders")).toEqual([{ count: 21 }]);
  });

  test("interrupted, its comparison leaves no Job behind", async () => {
    await backUp("canary-5");
    const interruption = new AbortController();
    const planning = command("plan --backup canary-5.dump", interruption.signal);
    while (!(await jobs()).includes("/compare-")) await new Promise(setImmediate);
    interruption.abort(new Error("Interrupted."));
    expect(await planning).toBe(1);
    expect(out).toMatch(/could not be compared: Interrupted\./);
    expect(await jobs()).not.toContain("/compare-");
  });
});

test("an image that cannot be had restores nothing, and says so", async () => {
  project.section({
    namespace: name,
    backup: { job: { ...job, image: `local/nothing@sha256:${"0".repeat(64)}` } },
  });
  expect(await command("plan --backup canary-1.dump")).toBe(1);
  expect(out).toMatch(/could not be compared: its container does not start: \w+/);
});
