import { join } from "node:path";
import * as data from "./story/data";
import { People } from "./story/people";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

describe("data that moves with the release", () => {
  story("three releases turn a million orders into another form, and lose none", async (world) => {
    const canary = await data.channelWithOrders(world, 1_000_000);

    when.versionIsSet(canary, "1.6.0");
    const plan = await when.preview(canary);
    expect(plan.output).toMatch(/migrate +0003-customers \(expand, undone by a rollback\), before the first/);
    expect(plan.output).toMatch(
      /migrate +0004-customer-ids \(backfill, .*\), from now on; complete before\s+30 %/,
    );
    const start = await when.up(canary);
    verify.moved(start, "start", 10);
    verify.held(await when.up(canary), /the backfill 0004-customer-ids .* runs: \d+ of 100\d+ \(\d+ %\)/);
    await data.isApplied(canary, "0004-customer-ids");
    await when.rolloutIsCompleted(canary);
    expect(await data.ledger(canary)).toEqual({
      "0003-customers": "applied",
      "0004-customer-ids": "applied",
    });
    expect(await data.live(canary)).toEqual(["canary 1.6.0"]);
    verify.succeeded(await when.preview(canary, "--expect-no-changes"));

    canary.configure({ stages: [50, 100] });
    when.versionIsSet(canary, "1.7.0");
    await when.rolloutReaches(canary, 50);
    expect(await data.ledger(canary)).not.toHaveProperty("0005-customer-id-required");
    await when.rolloutIsCompleted(canary);
    expect(await data.ledger(canary)).toHaveProperty("0005-customer-id-required", "applied");

    when.versionIsSet(canary, "1.8.0");
    await when.rolloutReaches(canary, 50);
    await when.rolloutIsCompleted(canary);
    expect(await data.ledger(canary)).not.toHaveProperty("0006-drop-customer");
    const people = await People.decideAbout(canary);
    const rules = [{ change: "any" as const, at: "contract" as const, roles: ["operations"] }];
    canary.configure({ approvals: { folder: join(world.dir, "approvals"), rules } });
    await when.gatesHold(canary, /approval hold approval is missing of operations/);
    verify.succeeded(await people.annApproves("contract"));
    const contract = await when.upOnceOpen(canary);
    verify.moved(contract, "finalize");
    expect((await verify.recordOf(canary)).history.at(-1)?.approvals).toMatchObject([
      { by: "ann", scope: "contract" },
    ]);
    expect(await data.ledger(canary)).toHaveProperty("0006-drop-customer", "applied");
    expect(await data.live(canary)).toEqual(["canary 1.8.0"]);
    verify.succeeded(await when.preview(canary, "--expect-no-changes"));

    await verify.shareIs(canary, "1.8.0", 100);
    await verify.everyAcknowledgedWriteIsThere(canary);
    await verify.noRequestFailed(canary);
  });
});
