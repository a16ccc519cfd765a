import { podsCrash } from "./story/by-hand";
import * as data from "./story/data";
import { eventually } from "./story/eventually";
import * as given from "./story/given";
import { LongAnswers } from "./story/long-answers";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

describe("versions that are asked for out of turn", () => {
  story("a third one takes the place of the candidate only when that has no traffic left", async (world) => {
    const canary = await given.rolloutAt(world, "1.0.0", "1.1.0", 30);

    when.versionIsSet(canary, "1.5.0");
    const back = await when.up(canary);
    verify.moved(back, "rollback", 0);
    verify.tells(back, /1\.5\.0 is asked for while 1\.1\.0 is being rolled out: back to 1\.0\.0 first/);
    await verify.shareIs(canary, "1.0.0", 100);

    await when.rolloutReaches(canary, 10);
    expect(canary.status()).toMatchObject({ baseline: "1.0.0", candidate: "1.5.0" });
    await verify.shareIs(canary, "1.5.0", 10);

    // Held, pinned, and let go again.
    canary.set({ stage: "hold" });
    verify.held(await when.up(canary), /stage is `hold`/);
    canary.set({ stage: "30" });
    await when.rolloutReaches(canary, 30);
    await verify.updatesAreIdle(canary);

    // The one after it, as soon as this one has everything: its baseline is retired early.
    canary.set({ stage: "auto" });
    canary.configure({ rollbackWindow: "1h" });
    await when.rolloutReaches(canary, 100);
    data.keepsLedger(canary);
    when.versionIsSet(canary, "1.6.0");
    verify.moved(await when.upOnceOpen(canary), "finalize");
    expect(canary.status()).toMatchObject({ baseline: "1.5.0", candidate: null });
    verify.moved(await when.upOnceOpen(canary), "start", 10);
    await verify.noRequestFailed(canary);
  });
});

describe("answers that take long", () => {
  story("come whole from either release, which stays until the last of them has", async (world) => {
    const canary = await given.channelRunning(world, "1.0.0");
    canary.configure({ stages: [50, 100] });
    const answers = new LongAnswers(canary, 10);
    when.versionIsSet(canary, "1.1.0");
    verify.moved(await when.up(canary), "start", 50);
    await when.rolloutReaches(canary, 100);

    // Answers that 1.0.0 has begun are still under way.
    verify.moved(await when.upOnceOpen(canary), "finalize");
    expect(await answers.end()).toEqual({
      "1.0.0": { whole: expect.any(Number), cut: 0 },
      "1.1.0": { whole: expect.any(Number), cut: 0 },
    });
    await verify.noRequestFailed(canary);
  });
});

describe("a candidate whose pods crash at 30 %", () => {
  story("loses its traffic by a rollback, and the baseline answers everything", async (world) => {
    const canary = await given.rolloutAt(world, "1.0.0", "1.1.0", 30);
    canary.configure({ observation: { for: "1m" } });
    await podsCrash(canary, "api-1-1-0-");
    await eventually(
      () => when.up(canary),
      ({ output }) =>
        /has\s+been\s+observed\s+for\s+\d+\s+s\s+since\s+a\s+container\s+of\s+api\s+ended/.test(output),
      ({ output }) => `the crash to be seen; the last update said:\n${output}`,
    );
    expect(canary.status()).toMatchObject({ candidate: "1.1.0", weight: 30 });

    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "rollback", 0);
    // What failed until here is the candidate's doing.
    await canary.load?.mark();
    await verify.shareIs(canary, "1.0.0", 100);
    verify.moved(await when.up(canary), "finalize");
    await verify.onlyVersionLeftIs(canary, "1.0.0");
    expect(await canary.load?.peek()).toMatchObject({ failed: 0 });
  });
});
