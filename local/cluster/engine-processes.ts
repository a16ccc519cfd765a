import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, pulumiHome } from "../settings";
import { allPids, environmentOf } from "./process";

/** Where the programs of the engine and its plugins are. */
const engineDirs = [
  join(pulumiHome, "plugins"),
  join(cacheDir, "plugins"),
  join(cacheDir, "tools", "pulumi-"),
  join(cacheDir, "tools", "language-nodejs-"),
];

/**
 * Kills engines and plugins that work on the embedded cluster's stacks: plugins outlive an engine that was killed.
 * A shell that has the same environment is none of them.
 */
export function killEngines(): void {
  for (const pid of allPids()) {
    if (environmentOf(pid)?.PULUMI_HOME !== pulumiHome) continue;
    try {
      const [, ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const files = [readlinkSync(`/proc/${pid}/exe`), args.find((argument) => !argument.startsWith("-"))];
      const isEngine = files.some((file) => engineDirs.some((dir) => file?.startsWith(dir)));
      if (isEngine) process.kill(pid, "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  }
}
