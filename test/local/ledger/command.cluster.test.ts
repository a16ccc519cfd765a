import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../sample/eventually";
import { Ledger, request } from "./harness";

jest.setTimeout(60_000);

describe("the command of a run", () => {
  let ledger: Ledger;
  let url: string;

  beforeAll(async () => {
    ledger = await Ledger.start();
  });
  afterAll(() => ledger.remove());
  beforeEach(async () => {
    url = await ledger.postgres.database();
  });

  const progressOf = async () => {
    const [migration] = (await ledger.status(url)).migrations;
    return migration && [migration.done, migration.total];
  };
  const isRunning = (pid: string) => existsSync(`/proc/${pid}`);

  it("has its output passed on untouched: long lines, bytes of any kind, no newline at the end", async () => {
    const bytes = Buffer.concat([
      Buffer.from(`short\n\n{"progress":"not one"}\n${"x".repeat(3_000_000)}\nü`),
      Buffer.from([0, 13, 10, 255, 254]),
      Buffer.from("the end"),
    ]);
    const file = join(ledger.dir, "output");
    writeFileSync(file, bytes);
    const run = ledger.begin(url, request(), `cat ${file}; echo apart >&2`);
    const hash = createHash("sha256");
    run.child.stdout!.removeAllListeners("data").setEncoding("latin1");
    run.child.stdout!.on("data", (chunk: string) => hash.update(chunk, "latin1"));
    const ended = await run.ended;
    expect(ended.stderr).toContain("apart\n");
    expect(hash.digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  it("has what it prints passed on at once, also where a line is not complete", async () => {
    const run = ledger.begin(url, request(), "printf 'working ...'; exec sleep 3600");
    await run.said("working ...");
    run.kill("SIGTERM");
    await run.ended;
  });

  it("has its progress stored while it runs", async () => {
    const gate = join(ledger.dir, "gate");
    execFileSync("mkfifo", [gate]);
    const report = (done: number) => `echo '{"progress":{"done":${done},"total":200}}'`;
    const run = ledger.begin(url, request(), `${report(10)}; read line < ${gate}; ${report(200)}`);
    await eventually(async () => expect(await progressOf()).toEqual([10, 200]));
    expect(await ledger.state(url)).toBe("running");
    writeFileSync(gate, "go\n");
    expect((await run.ended).code).toBe(0);
    expect(await progressOf()).toEqual([200, 200]);
  });

  it.each([
    ['{"progress":{"done":7}}', [7, null]],
    ['  {"level":"info","progress":{"done":9007199254740991,"total":1}}  ', [9007199254740991, 1]],
    ['{"progress":{"done":1}}\\n{"progress":{"done":"2"}}\\n{"progress":{"total":5}}', [1, null]],
    ['{"progress":{"done":1.5}}', [null, null]],
    ['progress: {"progress":{"done":1}}', [null, null]],
    ['{"progress":null}\\n{"progress":', [null, null]],
  ])("reports progress by %s", async (line, expected) => {
    await ledger.run(url, request(), `printf '${line}'`);
    expect(await progressOf()).toEqual(expected);
  });

  it("begins anew with its progress when it is run again", async () => {
    await ledger.run(url, request(), `echo '{"progress":{"done":7,"total":9}}'; exit 1`);
    expect(await progressOf()).toEqual([7, 9]);
    await ledger.run(url, request());
    expect(await progressOf()).toEqual([null, null]);
  });

  it("gets the signals of the pod, with all that it started, and has failed", async () => {
    const script = "sh -c 'echo $$.; exec sleep 3600' & wait";
    const run = ledger.begin(url, request(), script);
    await run.said(".\n");
    const grandchild = /(\d+)\./.exec(run.stdout)![1]!;
    run.kill("SIGTERM");
    const ended = await run.ended;
    expect(ended.code).toBe(143);
    expect(ended.stderr).toContain("terminated: passed on to the command");
    expect(isRunning(grandchild)).toBe(false);
    expect(await ledger.state(url)).toBe("failed");
  });

  it.each(["SIGINT", "SIGHUP", "SIGQUIT"] as const)("gets %s as well", async (signal) => {
    const run = ledger.begin(
      url,
      request(),
      `trap 'echo got it; exit 5' ${signal.slice(3)}; echo started; sleep 3600 & wait`,
    );
    await run.said("started");
    run.kill(signal);
    expect(await run.ended).toMatchObject({ code: 5, stdout: "started\ngot it\n" });
    expect(await ledger.state(url)).toBe("failed");
  });

  it("has failed when it was told to end, though it says that all went well", async () => {
    const run = ledger.begin(url, request(), "trap 'exit 0' TERM; echo started; sleep 3600 & wait");
    await run.said("started");
    run.kill("SIGTERM");
    expect((await run.ended).code).toBe(143);
    expect(await ledger.state(url)).toBe("failed");
  });

  it("tells by its code that a signal ended it", async () => {
    expect((await ledger.run(url, request(), "kill -KILL $$")).code).toBe(137);
    expect((await ledger.status(url)).runs).toMatchObject([{ exitCode: 137 }]);
  });

  it("leaves nothing running behind its mark", async () => {
    const ended = await ledger.run(url, request(), "sleep 3600 & echo $!");
    expect(ended.code).toBe(0);
    expect(isRunning(ended.stdout.trim())).toBe(false);
  });

  it("has what it leaves behind reaped, as the first process of a container has to", async () => {
    const script = "for i in 1 2 3; do sh -c 'true &' ; done; echo started; exec sleep 3600";
    const through = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const run = ledger.begin(url, request(), script, { through });
    await run.said("started");
    const first = childOf(run.child.pid!);
    await eventually(() => expect(childrenOf(first)).toHaveLength(1));
    process.kill(Number(first), "SIGTERM");
    expect((await run.ended).code).toBe(143);
    expect(await ledger.state(url)).toBe("failed");
  });

  it("is run with nothing to read", async () => {
    expect(await ledger.run(url, request(), "cat; echo end")).toMatchObject({ code: 0, stdout: "end\n" });
  });

  it("goes on where nobody reads its output any more", async () => {
    const run = ledger.begin(url, request(), "echo started; for i in 1 2 3 4 5; do echo line; done");
    run.child.stdout!.destroy();
    expect((await run.ended).code).toBe(0);
    expect(await ledger.state(url)).toBe("applied");
  });
});

function childrenOf(pid: string | number): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => statusOf(name).includes(`\nPPid:\t${pid}\n`));
}

function childOf(pid: number): string {
  const [child] = childrenOf(pid);
  return child!;
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}
