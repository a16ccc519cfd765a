import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { gateway } from "../../local/settings";
import type { TestChannel } from "./story/channel";
import * as given from "./story/given";
import { People } from "./story/people";
import * as releases from "./story/releases";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

story("people decide when a release goes on, and hold up no rollback", async (world) => {
  const canary = await given.channelRunning(world, "1.0.0");
  const people = await People.decideAbout(canary);
  const permissions = { start: ["ci"], promote: ["ci"], override: ["operations"], rollback: ["on-call"] };
  const rules = [{ change: "any" as const, at: "start" as const, roles: ["operations"] }];
  canary.configure({ permissions, approvals: { folder: join(world.dir, "approvals"), rules } });
  windowIsClosed(canary);
  when.versionIsSet(canary, "1.1.0");

  await verify.nothingChanges(canary, async () => {
    verify.refused(
      await when.up(canary),
      /rbac: to start is for ci, and bob \(verified by cluster\) has no role/,
    );

    people.bobHas("ci");
    verify.held(
      await when.up(canary),
      /change-window hold the change window is closed; the next window opens/,
    );

    windowIsOpen(canary);
    verify.held(await when.up(canary), /approval hold approval is missing of operations: npm run approve/);
  });
  verify.succeeded(await people.annApproves("start"));
  verify.moved(await when.up(canary), "start", 10);
  const byBob = { actor: "bob", verifiedBy: "cluster", reason: null };
  const started = await verify.recordOf(canary);
  expect(started.history.at(-1)).toMatchObject({ ...byBob, approvals: [{ by: "ann", scope: "start" }] });

  incidentIsOpen(canary);
  listenerIs(canary, "nowhere");
  verify.succeeded(await people.annOverrides("incident", "it ends INC-1"));
  expect(await people.annOverrides("data-plane", "I know better")).toMatchObject({ exitCode: 2 });
  await people.annForcesOverride("data-plane", started.candidate?.hash ?? "");
  await verify.nothingChanges(canary, async () => {
    const refused = await when.up(canary);
    verify.refused(refused, /data-plane: .* has no listener nowhere/);
    verify.tells(refused, /incident pass overridden by ann until/);
    verify.tells(refused, /this gate cannot be overridden/);
  });

  listenerIs(canary, gateway.listener);
  verify.moved(await when.upOnceOpen(canary), "advance", 30);
  const override = { gate: "incident", by: "ann", reason: "it ends INC-1", expiresAt: expect.any(String) };
  expect((await verify.recordOf(canary)).history.at(-1)).toMatchObject({ ...byBob, overrides: [override] });

  windowIsClosed(canary);
  people.bobHas();
  when.versionIsSet(canary, "1.0.0");
  const rollback = await when.up(canary);
  verify.moved(rollback, "rollback", 0);
  verify.tells(rollback, /reason: no reason is given; recorded as missing/);
  verify.tells(rollback, /bob \(verified by cluster\) is none of on-call; recorded, and no obstacle/);
  const { history, rejected } = await verify.recordOf(canary);
  expect(history.at(-1)).toMatchObject({ ...byBob, approvals: [], overrides: [] });
  expect(rejected).toMatchObject([{ version: "1.1.0", reason: null }]);
  await verify.noRequestFailed(canary);
});

story("a hotfix goes past the channel before, with an approval and a reason", async (world) => {
  const canary = await given.emptyChannel(world);
  const stable = await given.channelRunning(world, "1.0.0", "stable");
  const people = await People.decideAbout(stable);
  stable.configure({
    promotion: { from: canary.stack, greenFor: "1s" },
    hotfix: { observation: { for: "2s" }, roles: ["operations"] },
    approvals: { folder: join(world.dir, "approvals") },
  });
  releases.patchOf(stable, "1.0.0", "1.0.1");
  when.versionIsSet(stable, "1.0.1");
  await verify.nothingChanges(stable, async () => {
    verify.refused(await when.up(stable), /promotion: .* has no record of any release/);

    stable.set({ lane: "hotfix" });
    const held = await when.up(stable);
    verify.held(held, /approval hold approval is missing of operations/);
    verify.tells(held, /reason hold/);
  });

  stable.set({ reason: "orders with two items are lost" });
  verify.succeeded(await people.annApproves("hotfix"));
  verify.moved(await when.up(stable), "start", 10);
  const { history } = await verify.recordOf(stable);
  const approvals = [{ by: "ann", scope: "hotfix" }];
  expect(history.at(-1)).toMatchObject({
    lane: "hotfix",
    reason: "orders with two items are lost",
    approvals,
  });
  await when.rolloutIsCompleted(stable);
  await verify.shareIs(stable, "1.0.1", 100);
  await verify.noRequestFailed(stable);
});

const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

/** It opens on another day, whenever this test is run. */
function windowIsClosed(channel: TestChannel): void {
  const inThreeDays = days.at((new Date().getUTCDay() + 3) % days.length) ?? "sun";
  channel.configure({
    changeWindow: { zone: "UTC", windows: [{ days: [inThreeDays], from: "10:00", to: "12:00" }] },
  });
}

function windowIsOpen(channel: TestChannel): void {
  channel.configure({
    changeWindow: { zone: "UTC", windows: [{ days: [...days], from: "00:00", to: "24:00" }] },
  });
}

function incidentIsOpen(channel: TestChannel): void {
  const openedAt = new Date(Date.now() - 60_000).toISOString();
  const file = join(channel.dir, "incidents.yaml");
  writeFileSync(
    file,
    stringify({ incidents: [{ id: "INC-1", severity: "P1", title: "orders are lost", openedAt }] }),
  );
  channel.configure({ incidents: { file } });
}

function listenerIs(channel: TestChannel, listener: string): void {
  channel.configure({ gateway: { ...channel.section.gateway, listener } });
}
