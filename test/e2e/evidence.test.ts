import { audit, EvidenceByHand, evidenceHasToBeSigned, withAnotherActor } from "./story/audit";
import * as given from "./story/given";
import { isDone, routeShows } from "./story/moments";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

describe("the evidence of a channel", () => {
  story("is signed at every step, verifies, and shows whatever is done to it", async (world) => {
    const canary = await given.emptyChannel(world);
    const { keyIsGiven } = await evidenceHasToBeSigned(canary);
    when.versionIsSet(canary, "1.0.0");
    verify.held(
      await when.up(canary),
      /evidence-key hold nobody would believe its evidence: no key is given/,
    );

    keyIsGiven();
    verify.moved(await when.up(canary), "install");
    await canary.startLoad();
    when.versionIsSet(canary, "1.1.0");
    verify.moved(await when.up(canary), "start", 10);
    canary.set({ stage: "10" });
    await verify.updatesAreIdle(canary);
    canary.set({ stage: "auto" });
    await when.rolloutReaches(canary, 100);

    const { evidence } = await verify.recordOf(canary);
    expect(evidence?.sequence).toBe(4);
    const verified = await audit(canary, "verify", "--state");
    verify.succeeded(verified);
    verify.tells(verified, /4 transitions, 4 signed, nothing removed or changed/);
    verify.tells(await audit(canary, "show"), /start 1\.1\.0 at 10 %[\s\S]*advance 1\.1\.0 at 100 %/);

    const byHand = new EvidenceByHand(canary);
    expect(await byHand.patch(2)).toMatch(/immutable/);
    const pieces = await Promise.all([1, 2, 3, 4].map((sequence) => byHand.read(sequence)));
    const [, second, third, newest] = pieces;
    if (second === undefined || third === undefined || newest === undefined) throw new Error("no evidence");

    const found = async (message: RegExp) => {
      const audited = await audit(canary, "verify");
      expect(audited.exitCode).toBe(1);
      verify.tells(audited, message);
    };
    await byHand.remove(2);
    await found(/evidence 2: evidence 2 was removed/);
    await byHand.replace(2, withAnotherActor(second));
    await found(/evidence 2: its signature is not that of its key[\s\S]*evidence 3: it does not follow 2/);
    await byHand.replace(2, third);
    await byHand.replace(3, second);
    await found(/evidence 2: it stands in another place[\s\S]*evidence 3: it stands in another place/);
    await byHand.replace(2, second);
    await byHand.replace(3, third);
    verify.succeeded(await audit(canary, "verify"));
    await byHand.remove(4);
    await found(/evidence 4: the newest evidence was removed/);
    await byHand.replace(4, newest);
    verify.succeeded(await audit(canary, "verify"));

    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "rollback", 0);
    verify.succeeded(await audit(canary, "verify"));
    await verify.noRequestFailed(canary);
  });

  story("goes on after updates that were killed, and holds up no rollback", async (world) => {
    const canary = await given.rolloutBegun(world, "1.0.0", "1.1.0");
    await when.gatesAreOpen(canary);
    // Its evidence is there, its record is not.
    const killed = await when.engineIsKilled(canary, isDone("kubernetes:core/v1:ConfigMap", "-evidence-3"));
    expect(killed.tooLate).toBe(false);
    await when.lockIsCancelled(canary);
    await when.rolloutReaches(canary, 30);
    verify.succeeded(await audit(canary, "verify", "--state"));

    await when.gatesAreOpen(canary);
    await when.engineIsKilled(canary, routeShows("1.1.0", 100));
    await when.lockIsCancelled(canary);
    canary.environment.RELEASE_EVIDENCE_KEY_FILE = "/nowhere/key.pem";
    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "rollback", 0);
    const audited = await audit(canary, "verify");
    verify.succeeded(audited);
    verify.tells(audited, /are not signed/);

    await canary.succeed("destroy", "--yes");
    verify.tells(await audit(canary, "show"), /rollback 1\.0\.0, 1\.1\.0 rolled back/);
  });
});
