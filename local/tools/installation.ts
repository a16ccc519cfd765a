import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { withLock } from "../lock";

/** One folder among the tools: made once, under a name that carries the hash of all it is made from. */
export interface Installation {
  name: string;
  /** 16 hex digits. */
  hash: string;
  /** How long it takes the first time on two cores, downloads included. */
  coldBuildSeconds: number;
  /** Puts the files into an empty folder. */
  fill: (dir: string, report: (line: string) => void) => Promise<void>;
}

export function installationDir(toolsDir: string, { name, hash }: Installation): string {
  return join(toolsDir, `${name}-${hash}`);
}

/** Makes what is missing of these, and removes what they supersede. Safe to call from several processes. */
export async function ensureInstalled(
  toolsDir: string,
  installations: Installation[],
  report: (line: string) => void,
): Promise<void> {
  const missing = () => installations.filter((one) => !existsSync(installationDir(toolsDir, one)));
  if (missing().length === 0) return;
  await withLock(join(toolsDir, ".lock"), "the embedded cluster's tools", 1800, async () => {
    removeScratch(toolsDir);
    const todo = missing();
    if (todo.length > 1) report(estimate(todo));
    for (const installation of todo) {
      await install(toolsDir, installation, report);
    }
  });
}

/** A folder gets its name when it is complete. */
async function install(
  toolsDir: string,
  installation: Installation,
  report: (line: string) => void,
): Promise<void> {
  const { name, fill } = installation;
  const dir = installationDir(toolsDir, installation);
  const scratch = mkdtempSync(join(toolsDir, `.${name}-`));
  try {
    await fill(scratch, report);
    renameSync(scratch, dir);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const superseded = new RegExp(`^${name}-[0-9a-f]{16}$`);
  for (const entry of readdirSync(toolsDir)) {
    if (superseded.test(entry) && entry !== basename(dir)) rmSync(join(toolsDir, entry), { recursive: true });
  }
}

/** What a killed build left behind; the lock is held, so none is at work. */
function removeScratch(toolsDir: string): void {
  mkdirSync(toolsDir, { recursive: true });
  for (const entry of readdirSync(toolsDir)) {
    if (entry.startsWith(".") && entry !== ".lock") {
      rmSync(join(toolsDir, entry), { recursive: true, force: true });
    }
  }
}

function estimate(missing: Installation[]): string {
  const seconds = missing.reduce((sum, { coldBuildSeconds }) => sum + coldBuildSeconds, 0);
  const cores = availableParallelism();
  const minutes = Math.max(1, Math.ceil((seconds * 2) / Math.min(cores, 8) / 60));
  const names = missing.map(({ name }) => name).join(", ");
  return `Building ${names}: up to ${minutes} min on ${cores} cores the first time, seconds when Go's build cache is warm.`;
}
