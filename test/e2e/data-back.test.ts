import { join } from "node:path";
import * as backups from "./story/backups";
import * as data from "./story/data";
import * as given from "./story/given";
import { jobLog } from "./story/kubernetes";
import { People } from "./story/people";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

const backfillAndExpand = { "0003-customers": "applied", "0004-customer-ids": "applied" };

describe("a rollback of a release that has migrated", () => {
  story("with `down` the schema is as before, and a new attempt runs it again", async (world) => {
    const canary = await data.channelWithOrders(world, 1000);
    for (const [index, weight] of [10, 30, 100].entries()) {
      when.versionIsSet(canary, "1.6.0");
      canary.set({ attempt: String(index + 1), reason: `attempt ${index + 1}` });
      await when.rolloutReaches(canary, weight);
      expect(await data.ordersHave(canary, "customer_id")).toBe(true);

      when.versionIsSet(canary, "1.5.0");
      verify.moved(await when.up(canary), "rollback", 0);
      await verify.shareIs(canary, "1.5.0", 100);
      // The traffic goes back at once; the schema follows when the release is cleared away.
      expect(await data.ordersHave(canary, "customer_id")).toBe(true);
      verify.moved(await when.up(canary), "finalize");
      expect(await data.ordersHave(canary, "customer_id")).toBe(false);
      expect(await data.ledger(canary)).toMatchObject({ "0003-customers": "undone" });
      expect(await data.runs(canary, "0003-customers")).toBe(index + 1);
      verify.succeeded(await when.preview(canary, "--expect-no-changes"));
    }
    await verify.everyAcknowledgedWriteIsThere(canary);
    await verify.noRequestFailed(canary);
  });

  story("without `down` the schema stays expanded, and nothing is run twice", async (world) => {
    const canary = await data.channelWithOrders(world, 1000);
    for (const id of ["0003-customers", "0004-customer-ids"]) {
      data.migrationIs(canary, "1.6.0", id, { down: undefined });
    }
    for (const [index, weight] of [10, 30, 100].entries()) {
      when.versionIsSet(canary, "1.6.0");
      canary.set({ attempt: String(index + 1), reason: `attempt ${index + 1}` });
      await when.rolloutReaches(canary, weight);
      when.versionIsSet(canary, "1.5.0");
      verify.moved(await when.up(canary), "rollback", 0);
      verify.moved(await when.up(canary), "finalize");
      expect(await data.ordersHave(canary, "customer_id")).toBe(true);
      expect(await data.runs(canary, "0003-customers")).toBe(1);
    }
    expect(await data.ledger(canary)).toEqual(backfillAndExpand);
    await verify.everyAcknowledgedWriteIsThere(canary);
    await verify.noRequestFailed(canary);
  });

  story("is refused once the data was switched and the form of before is not written", async (world) => {
    const canary = await given.emptyChannel(world);
    canary.configure({ stages: [50, 100], rollbackWindow: "1h" });
    data.keepsLedger(canary);
    data.migrationIs(canary, "1.7.0", "0005-customer-id-required", { bothFormsWritten: undefined });
    when.versionIsSet(canary, "1.6.0");
    verify.moved(await when.up(canary), "install");
    await canary.startLoad();
    when.versionIsSet(canary, "1.7.0");
    await when.rolloutReaches(canary, 100);

    when.versionIsSet(canary, "1.6.0");
    await verify.nothingChanges(canary, async () => {
      verify.refused(await when.up(canary), /0005-customer-id-required\), so it cannot be rolled back/);
    });
    // The way back is gone, and with it what the old release is kept ready for.
    when.versionIsSet(canary, "1.7.0");
    verify.moved(await when.upOnceOpen(canary), "finalize");
    await verify.everyAcknowledgedWriteIsThere(canary);
    await verify.noRequestFailed(canary);
  });
});

describe("a backup before the first migration", () => {
  story(
    "is restored once and recorded, or shown by evidence; without it nothing is migrated",
    async (world) => {
      const canary = await data.channelWithOrders(world, 1000, { stages: [50, 100] });
      data.migrationIs(canary, "1.6.0", "0004-customer-ids", { before: 100 });
      when.versionIsSet(canary, "1.6.0");
      backups.recoveryIsToBeShown(canary);
      await verify.nothingChanges(canary, async () => {
        verify.held(await when.up(canary), /recovery: no report for 1\.6\.0 is in/);
      });
      backups.recoveryWasTried(canary, "1.6.0");
      await when.gatesAreOpen(canary);

      await backups.keepsBackups(canary, {
        command: ["node", "-e", "console.error('the disk is full'); process.exit(1)"],
      });
      verify.failedClearly(await when.up(canary), /the disk is full/);
      expect(await data.ordersHave(canary, "customer_id")).toBe(false);
      await verify.shareIs(canary, "1.5.0", 100);

      canary.configure({ backup: { job: { ...canary.section.backup!.job!, command: undefined } } });
      const start = await when.up(canary);
      verify.succeeded(start);
      const { history } = await verify.recordOf(canary);
      const { backup } = history.at(-1)!;
      expect(backup).toMatchObject({
        restore_test: { passed: true },
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(backup!.size_bytes).toBeGreaterThan(1000);
      expect(await data.ordersHave(canary, "customer_id")).toBe(true);
      await verify.everyAcknowledgedWriteIsThere(canary);
      await verify.noRequestFailed(canary);
    },
  );
});

describe("a restore of the backup of before", () => {
  story("lets the rollback over a switch go, and a new attempt runs the migration again", async (world) => {
    const turn = "0005-customer-id-required";
    const canary = await given.emptyChannel(world);
    canary.configure({ stages: [50, 100], rollbackWindow: "1h" });
    data.keepsLedger(canary);
    data.migrationIs(canary, "1.7.0", turn, { bothFormsWritten: undefined });
    when.versionIsSet(canary, "1.6.0");
    verify.moved(await when.up(canary), "install");
    await backups.keepsBackups(canary);
    const people = await People.decideAbout(canary);
    canary.configure({
      permissions: { restore: ["operations"] },
      approvals: { folder: join(world.dir, "approvals") },
    });
    await canary.startLoad();
    when.versionIsSet(canary, "1.7.0");
    await when.rolloutReaches(canary, 100);
    await verify.noRequestFailed(canary);
    expect(await data.ledger(canary)).toHaveProperty(turn, "applied");

    // Made right before the switch.
    const { backup } = (await verify.recordOf(canary)).history.at(-1)!;
    const file = backup!.location.split("/").at(-1)!;
    verify.succeeded(
      await people.annApproves(`restore:${canary.stack}:${backup!.sha256}`, "--expires", "4h"),
    );
    verify.succeeded(await when.backupIsRestored(canary, file));
    expect(await data.ledger(canary)).not.toHaveProperty(turn);
    await verify.nothingChanges(canary, async () => {
      verify.held(await when.up(canary), new RegExp(`${turn} of 1\\.7\\.0 is not in them`));
      verify.tells(await when.preview(canary, "--expect-no-changes"), new RegExp(`${file}, restored at`));
    });

    when.versionIsSet(canary, "1.6.0");
    verify.moved(await when.up(canary), "rollback", 0);
    const { history, lost } = await verify.recordOf(canary);
    expect(history.at(-1)).toMatchObject({ restored: { backup: file, sha256: backup!.sha256 } });
    expect(lost).toEqual([turn]);
    verify.moved(await when.up(canary), "finalize");
    verify.succeeded(await when.preview(canary, "--expect-no-changes"));

    await canary.startLoad();
    when.versionIsSet(canary, "1.7.0");
    canary.set({ attempt: "2", reason: "the data were restored" });
    await when.rolloutReaches(canary, 100);
    expect(await data.ledger(canary)).toHaveProperty(turn, "applied");
    expect(await data.runs(canary, turn)).toBe(2);
    await verify.shareIs(canary, "1.7.0", 100);
    await verify.noRequestFailed(canary);
  });
});

describe("two channels on one database", () => {
  story("neither breaks the other's release, and a contract waits for both", async (world) => {
    const canary = await given.emptyChannel(world, "canary");
    const stable = await given.emptyChannel(world, "stable");
    await data.sharesDatabase(stable, canary);
    for (const channel of [canary, stable]) {
      channel.configure({ stages: [50, 100] });
      data.keepsLedger(channel);
      when.versionIsSet(channel, "1.7.0");
      verify.moved(await when.up(channel), "install");
      await channel.startLoad();
    }
    expect(await jobLog(stable.namespace, "migrate-0003-customers")).toMatch(/already applied by/);
    expect(await data.runs(canary, "0003-customers")).toBe(1);
    expect(await data.live(canary)).toEqual(["canary 1.7.0", "stable 1.7.0"]);

    when.versionIsSet(canary, "1.8.0");
    await when.rolloutReaches(canary, 100);
    await when.rolloutIsCompleted(canary);
    await verify.nothingChanges(canary, async () => {
      verify.held(await when.up(canary), /1\.7\.0 \(\S+-stable\) may still need what is taken away/);
    });
    expect(await data.ordersHave(canary, "customer")).toBe(true);

    when.versionIsSet(stable, "1.8.0");
    await when.rolloutReaches(stable, 100);
    await when.rolloutIsCompleted(stable);
    verify.moved(await when.up(canary), "finalize");
    expect(await data.ordersHave(canary, "customer")).toBe(false);
    verify.moved(await when.up(stable), "finalize");
    expect(await data.runs(canary, "0006-drop-customer")).toBe(1);
    for (const channel of [canary, stable]) {
      verify.succeeded(await when.preview(channel, "--expect-no-changes"));
    }
    await verify.noRequestFailed(canary, stable);
  });
});
