import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { UserError } from "../user-error";

interface GoBuild {
  name: string;
  /** Folder with go.mod. */
  source: string;
  /** What to build: `tool`, all that go.mod declares as such, or `.`, the program in that folder. */
  packages: "tool" | ".";
  flags: string[];
  /** Variables beside those of this process. */
  env?: Record<string, string>;
  outputDir: string;
  report: (line: string) => void;
}

const reportEveryMilliseconds = 10_000;

/** Builds programs of a module into a folder, reporting a line at least every ten seconds. */
export async function goBuild({
  name,
  source,
  packages,
  flags,
  env,
  outputDir,
  report,
}: GoBuild): Promise<void> {
  const started = Date.now();
  let activity = "downloading";
  const heartbeat = setInterval(() => {
    report(`${name}: ${activity} (${Math.round((Date.now() - started) / 1000)} s)`);
  }, reportEveryMilliseconds);
  report(`${name}: ${activity}`);
  try {
    const dependencies = await go(["list", "-mod=readonly", "-deps", packages], source, name, env);
    const total = dependencies.length;
    let compiled = 0;
    await go(["build", "-v", ...flags, "-o", `${outputDir}/`, packages], source, name, env, () => {
      compiled += 1;
      activity = `compiling, ${compiled} of at most ${total} packages`;
    });
  } finally {
    clearInterval(heartbeat);
  }
  report(`${name}: built in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** Runs `go`, hands each line of its stderr on, and returns the lines of its stdout. */
async function go(
  args: string[],
  cwd: string,
  name: string,
  env: Record<string, string> = {},
  onProgress: () => void = () => undefined,
): Promise<string[]> {
  // Own flags only: what the user's GOFLAGS say must neither change the result nor break the build.
  const child = spawn("go", args, {
    cwd,
    env: { ...process.env, ...env, GOFLAGS: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lastLines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    lastLines.push(line);
    lastLines.splice(0, lastLines.length - 15);
    onProgress();
  });
  const [stdout, [exitCode]] = await Promise.all([text(child.stdout), once(child, "close")]);
  if (exitCode !== 0) {
    throw new UserError(
      `Building ${name} failed: \`go ${args.join(" ")}\` in ${cwd} ended with:\n${lastLines.join("\n")}`,
    );
  }
  return stdout.split("\n");
}
