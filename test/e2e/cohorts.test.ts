import { type PersonsAnswer, type Visit, visit } from "./story/cohort";
import { eventually } from "./story/eventually";
import * as given from "./story/given";
import { liveRules } from "./story/kubernetes";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

const tester = { headers: { "x-tester": "1" } };
const berliner = { headers: { cookie: "session=1; region=berlin" } };
const shop17 = { query: { shop: "17" } };

/** The next answers, all of this version. */
async function allAre(person: Visit, version: string): Promise<void> {
  person.look();
  const seen: PersonsAnswer[] = [];
  await eventually(
    async () => seen.push(...person.look()),
    (count) => count >= 50,
    () => "50 answers",
  );
  const prefix = `${version.replaceAll(".", "-")}-`;
  expect(seen.filter(({ release }) => !release.startsWith(prefix))).toEqual([]);
}

describe("cohorts", () => {
  story("go wholly to the candidate while others are split, and back at once", async (world) => {
    const canary = await given.channelRunning(world, "1.0.0");
    canary.configure({
      cohorts: {
        testers: { header: { name: "x-tester", value: "1" } },
        places: {
          anyOf: [{ cookie: { name: "region", value: "berlin" } }, { query: { name: "shop", value: "17" } }],
        },
        late: { header: { name: "x-late", value: "1" }, from: 30 },
      },
    });
    const people = [tester, berliner, shop17].map((person) => visit(canary, person));
    const late = visit(canary, { headers: { "x-late": "1" } });
    canary.set({ version: "1.1.0", stage: "10" });
    verify.tells(await when.preview(canary), /cohorts places, testers → wholly to 1\.1\.0 from 30 %: late/);

    const started = await when.up(canary);
    verify.moved(started, "start", 10);
    for (const person of people) await allAre(person, "1.1.0");
    await verify.shareIs(canary, "1.1.0", 10);
    expect(await liveRules(canary.namespace)).toBe(3);
    await verify.updatesAreIdle(canary);

    canary.set({ stage: "auto" });
    await when.rolloutReaches(canary, 30);
    await allAre(late, "1.1.0");
    expect(await liveRules(canary.namespace)).toBe(4);

    when.versionIsSet(canary, "1.0.0");
    verify.moved(await when.up(canary), "rollback", 0);
    for (const person of [...people, late]) await allAre(person, "1.0.0");
    await verify.shareIs(canary, "1.0.0", 100);
    expect(await liveRules(canary.namespace)).toBe(1);

    for (const person of [...people, late]) {
      const answers = await person.stop();
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    }
    await verify.noRequestFailed(canary);
  });
});
