import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { UserError } from "../user-error";

interface GoBuild {
  name: string;
  /** Folder with go.mod. */
  source: string;
  flags: string[];
  outputDir: string;
  report: (line: string) => void;
}

const reportEveryMilliseconds = 10_000;

/** Builds all tools of a module into a folder, reporting a line at least every ten seconds. */
export async function goBuild({ name, source, flags, outputDir, report }: GoBuild): Promise<void> {
  const started = Date.now();
  let activity = "downloading";
  const heartbeat = setInterval(() => {
    report(`${name}: ${activity} (${Math.round((Date.now() - started) / 1000)} s)`);
  }, reportEveryMilliseconds);
  report(`${name}: ${activity}`);
  try {
    const dependencies = await go(["list", "-mod=readonly", "-deps", "tool"], source, name);
    const total = dependencies.length;
    let compiled = 0;
    await go(["build", "-v", ...flags, "-o", `${outputDir}/`, "tool"], source, name, () => {
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
  onProgress: () => void = () => undefined,
): Promise<string[]> {
  // Own flags only: what the user's GOFLAGS say must neither change the result nor break the build.
  const child = spawn("go", args, {
    cwd,
    env: { ...process.env, GOFLAGS: "" },
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
