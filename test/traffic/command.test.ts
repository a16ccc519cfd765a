import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { giveWeights } from "../../traffic/command";
import { Router, request } from "./router";

let router: Router;
beforeEach(() => {
  // Its progress, which is for the person who waits.
  jest.spyOn(process.stderr, "write").mockReturnValue(true);
  router = new Router({ api: { old: 90, new: 10 }, web: { old: 90, new: 10 } });
});
afterEach(() => {
  jest.restoreAllMocks();
  router.remove();
});

const at30 = { api: { old: 70, new: 30 }, web: { old: 70, new: 30 } };
const give = (...args: Parameters<typeof request>) => giveWeights(request(...args), router.folder);
/** Whether the process has more left of it than an entry that nobody has looked at. */
function runs(pid: string): boolean {
  const file = `/proc/${pid}/status`;
  return existsSync(file) && !/^State:\s+Z/m.test(readFileSync(file, "utf8"));
}
const messageOf = (...args: Parameters<typeof request>) =>
  give(...args).then(
    () => "",
    ({ message }: Error) => message,
  );

describe("the weights of a channel with commands", () => {
  test("are given, one service after the other, and looked at", async () => {
    expect(await give(at30)).toEqual(at30);
    expect(router.weights).toEqual(at30);
    expect(router.log).toEqual(["read", "apply api old new 30", "apply web old new 30", "read"]);
  });

  test("that are live already are not given again, on whatever scale they are read", async () => {
    router.has({ api: { old: 7, new: 3 }, web: { old: 0.7, new: 0.3, gone: 0 } });
    await give(at30);
    expect(router.log).toEqual(["read"]);
  });

  test("of one release name it as both, with everything", async () => {
    await give({ api: { new: 100 } });
    expect(router.log).toEqual(["read", "apply api new new 100", "read"]);
    expect(router.weights.api).toEqual({ new: 100 });
  });

  test("of a service that nothing was known of are given too", async () => {
    router.has({});
    await give({ api: { old: 100 } });
    expect(router.weights).toEqual({ api: { old: 100 } });
  });
});

describe("a command that fails on the way up", () => {
  test("is told, and what every service had is given again", async () => {
    router.faults({ web: "applies and fails" });
    const message = await messageOf(at30);
    expect(message).toMatch(/`apply` .*asked to give web old 70 %, new 30 %, ended with exit code 4/);
    expect(message).toMatch(/it said last:\n {4}half done/);
    expect(message).toMatch(/api: given again what it had, old 90 %, new 10 %/);
    // The fault is still there: what could not be put back is said to be so.
    expect(message).toMatch(/web: NOT given again what it had.*exit code 4/);
    expect(message).toMatch(/record stays as it was/);
    expect(router.weights).toEqual({ api: { old: 90, new: 10 }, web: { old: 90, new: 10 } });
  });

  test("before the candidate has anything puts it back to nothing", async () => {
    router.has({ api: { old: 100 }, web: { old: 100 } });
    router.faults({ web: "fails" });
    await messageOf({ api: { old: 90, new: 10 }, web: { old: 90, new: 10 } });
    expect(router.log).toContain("apply api old old 100");
    expect(router.weights.api).toEqual({ old: 100 });
  });

  test("after which nothing is known that could be put back says so", async () => {
    router.has({});
    router.faults({ api: "fails" });
    expect(await messageOf({ api: { old: 100 } })).toMatch(/api: nothing that could be given again/);
  });

  test("by its time is ended with all that it has started, and what was live is given again", async () => {
    const { commands } = request(at30);
    const hang = '[ "$1" = 10 ] && exit 0; sleep 60 & echo $! > started; wait';
    const apply = ["sh", "-c", hang, "sh", "{weight}"];
    const message = await messageOf(
      { api: at30.api },
      { commands: { ...commands, apply, timeoutSeconds: 1 } },
    );
    expect(message).toMatch(/was not finished after 1 s, and was ended/);
    expect(message).toMatch(/api: given again what it had, old 90 %, new 10 %/);
    const started = readFileSync(join(router.folder, "started"), "utf8").trim();
    while (runs(started)) await new Promise(setImmediate);
  });

  test("without saying so is found out by reading", async () => {
    router.faults({ web: "does nothing" });
    const message = await messageOf(at30);
    expect(message).toMatch(/succeeded, but `read` then says old 90 %, new 10 %/);
    expect(router.weights).toEqual({ api: { old: 90, new: 10 }, web: { old: 90, new: 10 } });
  });

  test("in its dry run keeps everything as it is", async () => {
    const { commands } = request(at30);
    const dryRun = [process.execPath, "router.cjs", "dryRun", "{service}", "{weight}"];
    router.faults({ dryRun: "fails" });
    const message = await messageOf(at30, { commands: { ...commands, dryRun } });
    expect(message).toMatch(
      /`dryRun`[\s\S]*exit code 3; it said last:\n {4}the router \[31mis away[\s\S]*Nothing was applied/,
    );
    expect(router.log).toEqual(["read", "dryRun api 30"]);
    router.faults({});
    await give(at30, { commands: { ...commands, dryRun } });
    expect(router.weights).toEqual(at30);
  });

  test.each([
    ["prints garbage", /read\) printed "<html>\\n", expected JSON such as/],
    ["fails", /read\) ended with exit code 3/],
  ] as const)("is not even begun where what is live %s", async (fault, expected) => {
    router.faults({ read: fault });
    const message = await messageOf(at30);
    expect(message).toMatch(expected);
    expect(message).toMatch(/Nothing was applied/);
    expect(router.log).toEqual(["read"]);
  });

  test("because there is no such program says where it was looked for", async () => {
    const { commands } = request(at30);
    const apply = ["no-such-program", "{weight}"];
    expect(await messageOf(at30, { commands: { ...commands, apply } })).toMatch(/no such program.*PATH/);
  });
});

describe("the way back", () => {
  const back = { api: { old: 100, new: 0 }, web: { old: 100, new: 0 } };

  test("does not need to know what is live, nor a dry run", async () => {
    router.faults({ read: "fails", dryRun: "fails" });
    const { commands } = request(back);
    await give(back, { goesBack: true, commands: { ...commands, dryRun: ["false"] } });
    expect(router.weights).toEqual(back);
  });

  test("is tried for every service, and never raises what it has lowered", async () => {
    router.faults({ api: "fails" });
    const message = await messageOf(back, { goesBack: true });
    expect(message).toMatch(/give api old 100 %, new 0 %, ended with exit code 3/);
    expect(message).toMatch(/no share was raised again/);
    expect(router.weights).toEqual({ api: { old: 90, new: 10 }, web: { old: 100, new: 0 } });
  });

  test("waits for nobody to say what is live", async () => {
    await give(back, { goesBack: true });
    expect(router.log).toEqual(["apply api old new 0", "apply web old new 0"]);
  });
});

describe("the script that Pulumi runs", () => {
  const script = (input: unknown, environment: NodeJS.ProcessEnv = {}) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((done) => {
      const child = execFile(
        process.execPath,
        [resolve("run.cjs"), "traffic/command.ts"],
        { cwd: router.folder, env: { ...process.env, ...environment } },
        (error, stdout, stderr) => done({ code: error?.code ?? 0, stdout, stderr }),
      );
      child.stdin?.end(JSON.stringify(input));
    });

  test("prints what was given, the same each time", async () => {
    const first = await script(request(at30));
    expect(first).toMatchObject({ code: 0, stdout: JSON.stringify({ id: "t2", services: at30 }) });
    expect(await script(request(at30))).toMatchObject({ code: 0, stdout: first.stdout });
    expect(router.weights).toEqual(at30);
  });

  test("fails with a message, and hands no command what Pulumi keeps to itself", async () => {
    const { commands } = request(at30);
    const kept =
      "$PULUMI_CONFIG_PASSPHRASE$RELEASE_EVIDENCE_KEY$RELEASE_EVIDENCE_KEY_FILE$RELEASE_OIDC_TOKEN";
    const apply = ["sh", "-c", `echo "[${kept}][$ROUTER]" >&2; exit 1`, "{weight}"];
    const environment = {
      PULUMI_CONFIG_PASSPHRASE: "passphrase",
      RELEASE_EVIDENCE_KEY: "key",
      RELEASE_EVIDENCE_KEY_FILE: "/key.pem",
      RELEASE_OIDC_TOKEN: "token",
      ROUTER: "there",
    };
    const { code, stderr } = await script(request(at30, { commands: { ...commands, apply } }), environment);
    expect(code).toBe(1);
    expect(stderr).toContain("    [][there]");
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
