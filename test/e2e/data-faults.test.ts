import type { Slice } from "../../local/load/slice";
import type { TestChannel } from "./story/channel";
import * as data from "./story/data";
import { clusterServer } from "./story/database";
import { eventually } from "./story/eventually";
import { killPodsOf, runningPodsOf } from "./story/kubernetes";
import { OwnPostgres } from "./story/postgres";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";
import type { World } from "./story/world";

const versions = ["1.6.0", "1.7.0", "1.8.0"];

/** Phase → its migration, and what shows in the database that it has done its work. */
const phases: Record<string, { id: string; isDone: (channel: TestChannel) => Promise<boolean> }> = {
  expand: { id: "0003-customers", isDone: (channel) => data.ordersHave(channel, "customer_id") },
  backfill: { id: "0004-customer-ids", isDone: async () => true },
  switch: { id: "0005-customer-id-required", isDone: isRequired },
  contract: {
    id: "0006-drop-customer",
    isDone: async (channel) => !(await data.ordersHave(channel, "customer")),
  },
};

async function isRequired(channel: TestChannel): Promise<boolean> {
  const rows = await data.asked(
    channel,
    "select from information_schema.columns where table_name = 'orders' and column_name = 'customer_id' and is_nullable = 'NO'",
  );
  return rows.length > 0;
}

/** The migration has done its work, or is at it, its pod runs, and its ledger does not say so yet. */
async function isCaught(channel: TestChannel, phase: string): Promise<void> {
  const { id, isDone } = phases[phase]!;
  await eventually(
    async () =>
      (await data.ledger(channel).catch(() => ({}) as Record<string, string>))[id] === "running" &&
      (await isDone(channel)) &&
      (await runningPodsOf(channel.namespace, id)) > 0,
    (caught) => caught,
    () => `${id} to be in the middle`,
    120,
  );
}

type CutOff = (phase: string, update: ReturnType<TestChannel["start"]>) => unknown;

/** Takes three releases through all four phases, each of which is cut off in its middle, once in each of the ways. */
async function threeReleases(channel: TestChannel, waysToCutOff: CutOff[]): Promise<void> {
  const disturbed = async (phase: string) => {
    for (const cutOff of waysToCutOff) {
      const update = channel.start(["up", "--yes", "--skip-preview"]);
      await isCaught(channel, phase);
      await cutOff(phase, update);
      await update.result;
      await when.lockIsCancelled(channel);
    }
  };
  when.versionIsSet(channel, "1.6.0");
  await disturbed("expand");
  // The update that finishes the expand begins the backfill.
  await disturbed("backfill");
  await when.rolloutReaches(channel, 50);
  await data.isApplied(channel, phases.backfill!.id, () => channel.run("up", "--yes", "--skip-preview"));
  await when.rolloutIsCompleted(channel);

  when.versionIsSet(channel, "1.7.0");
  await when.rolloutReaches(channel, 50);
  await when.gatesAreOpen(channel);
  await disturbed("switch");
  await when.rolloutReaches(channel, 100);
  await when.rolloutIsCompleted(channel);

  when.versionIsSet(channel, "1.8.0");
  await when.rolloutReaches(channel, 100);
  await when.rolloutIsCompleted(channel);
  await disturbed("contract");
  await data.isApplied(channel, phases.contract!.id, () => channel.run("up", "--yes", "--skip-preview"));
  verify.succeeded(await when.up(channel));
  verify.succeeded(await when.preview(channel, "--expect-no-changes"));
  expect(Object.values(await data.ledger(channel))).toEqual(["applied", "applied", "applied", "applied"]);
  await verify.shareIs(channel, "1.8.0", 100);
}

async function channelToDisturb(world: World, server = clusterServer): Promise<TestChannel> {
  const channel = await data.channelWithOrders(world, 100_000, { stages: [50, 100], server });
  for (const { id } of Object.values(phases)) {
    const number = Number(id.slice(0, 4));
    const declaring = versions.slice(Math.max(0, number - 4));
    // The backfill has begun before the update that it is caught in.
    const isBackfill = number === 4;
    data.lingers(channel, { id, seconds: isBackfill ? 25 : 5 }, declaring, isBackfill ? { before: 100 } : {});
  }
  return channel;
}

describe("every phase of the data, cut off in its middle, is finished by the next update", () => {
  story("when the Job's pod is killed, and then PostgreSQL", async (world) => {
    const postgres = await OwnPostgres.create();
    try {
      const canary = await channelToDisturb(world, postgres.server);
      // Both releases answer with errors while there is no database, and that is not what this is about.
      world.objectivesAre("{ errorRate: { target: 0.9, marginOverBaseline: 0.9 } }");
      const killPod: CutOff = async (phase) => {
        expect(await killPodsOf(canary.namespace, phases[phase]!.id)).toBe(1);
      };
      const downtimes: Slice[] = [];
      const killPostgres: CutOff = async () => {
        await canary.load?.mark();
        await postgres.kill();
        await postgres.start();
        await eventually(
          async () => {
            downtimes.push((await canary.load?.mark())!);
            return downtimes.at(-1)!;
          },
          ({ requests, failed, byStatus }) => requests > 10 && failed === 0 && byStatus[500] === undefined,
          () => "requests to be answered again",
        );
      };
      await threeReleases(canary, [killPod, killPostgres]);
      await verify.everyAcknowledgedWriteIsThere(canary);
      const total = await canary.load?.stop();
      const apart = downtimes.reduce((sum, { failed }) => sum + failed, 0);
      expect(total?.failed).toBe(apart);
    } finally {
      await postgres.remove();
    }
  });

  story("when the engine is killed", async (world) => {
    const canary = await channelToDisturb(world);
    await threeReleases(canary, [(_, update) => update.kill()]);
    await verify.everyAcknowledgedWriteIsThere(canary);
    await verify.noRequestFailed(canary);
  });
});
