import { observeDataJobs } from "../../observe/data-jobs";
import { type ClusterObjects, clusterWith } from "./cluster";

const job = (run: string, conditions: string[] = [], attempt?: string) => ({
  metadata: {
    name: attempt === undefined ? run : `${run}-${attempt}`,
    labels: { "release-channels.dev/run": run },
    annotations: attempt === undefined ? {} : { "release-channels.dev/try": attempt },
  },
  status: { conditions: conditions.map((type) => ({ type, status: "True" })) },
});
const pod = (name: string, log: string, createdAt = "2026-11-01T10:00:00Z") => ({ name, log, createdAt });
const seen = (objects: ClusterObjects) => observeDataJobs(clusterWith(objects), "shop", "channel=canary");

describe("the Jobs of a channel's data", () => {
  test("are complete, failed, or still running", async () => {
    const jobs = [job("a", ["Complete"]), job("b", ["Failed"], "2"), job("c", ["FailureTarget"]), job("d")];
    expect(await seen({ jobs })).toMatchObject([
      { run: "a", attempt: 1, status: "complete" },
      { run: "b", attempt: 2, status: "failed" },
      { run: "c", status: "failed" },
      { run: "d", status: "running" },
    ]);
  });

  test("say how far they are, by the newest pod that ran for them", async () => {
    const pods = [
      pod("old", '{"progress":{"done":1,"total":4}}\n', "2026-11-01T09:00:00Z"),
      pod("new", 'filling\n{"progress":{"done":3,"total":4}}\nsome words\n'),
    ];
    expect(await seen({ jobs: [job("d")], pods })).toMatchObject([{ says: "3 of 4 (75 %)" }]);
  });

  test("say their last line where they tell no progress", async () => {
    const pods = [pod("p", "first\nrelation orders does not exist\n\n")];
    expect(await seen({ jobs: [job("d", ["Failed"])], pods })).toMatchObject([
      { says: "relation orders does not exist" },
    ]);
  });

  test.each([
    ["postgres://shop:hunter2-canary@db/shop refused", "postgres://(left out)@db/shop refused"],
    ["-----BEGIN PRIVATE KEY-----\nhunter2-canary\n-----END PRIVATE KEY-----", "(private key left out)"],
    [`${"x".repeat(270)} postgres://shop:hunter2-canary@db`, `${"x".repeat(270)} postgres://(left out)@db`],
  ])("tell no secret (%#)", async (log, says) => {
    const pods = [pod("p", `begun\n${log}\n`)];
    expect(await seen({ jobs: [job("d", ["Failed"])], pods })).toMatchObject([{ says: says.slice(0, 300) }]);
  });

  test("say which of their checks have failed", async () => {
    const checks = [
      { name: "orders", expected: 10, observed: 10, ok: true },
      { name: "customers", expected: 5, observed: 4, ok: false },
    ];
    const pods = [pod("p", `${JSON.stringify({ reconciled: false, checks, suspense: 1 })}\n`)];
    expect(await seen({ jobs: [job("d", ["Failed"])], pods })).toMatchObject([
      { says: "customers: expected 5, observed 4" },
    ]);
  });

  test("that had nothing to do are done", async () => {
    const pods = [pod("p", '{"progress":{"done":0,"total":0}}')];
    expect(await seen({ jobs: [job("d")], pods })).toMatchObject([{ says: "0 of 0 (100 %)" }]);
  });

  test("are not asked for more once they are complete", async () => {
    expect(await seen({ jobs: [job("a", ["Complete"])], pods: [pod("p", "words")] })).toMatchObject([
      { says: null },
    ]);
  });

  const ended = (exitCode: number | undefined, name = "p") => ({ ...pod(name, ""), exitCode });
  const failed = { ...job("s", ["Failed"]), status: { ...job("s", ["Failed"]).status, failed: 2 } };

  test.each([
    ["of their own", [ended(1, "first"), ended(2, "second")], true],
    ["that is not known, as one of the pods is gone", [ended(1)], undefined],
    ["that is not known, as one was killed", [ended(1, "first"), ended(137, "second")], undefined],
    ["that is not known, as the ledger lost its lock", [ended(1, "first"), ended(4, "second")], undefined],
    [
      "that is not known, as a container has not ended",
      [ended(1, "first"), ended(undefined, "second")],
      undefined,
    ],
    ["that is not known, as there are no pods", [], undefined],
  ])("that failed came to an end %s", async (_, pods, endedByItself) => {
    const [observed] = await seen({ jobs: [failed], pods });
    expect(observed?.status).toBe("failed");
    expect(observed?.endedByItself).toBe(endedByItself);
  });

  test("are seen also by who may not read logs", async () => {
    expect(await seen({ jobs: [job("d")], pods: [pod("p", "x")], logsForbidden: true })).toMatchObject([
      { run: "d", status: "running", says: null },
    ]);
  });
});
