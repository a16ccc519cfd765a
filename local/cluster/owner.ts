import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { projectDir, stateDir } from "../settings";
import { UserError } from "../user-error";
import { runningProcesses } from "./process";

const path = join(stateDir, "owner.json");

/** Whose cluster it is: the clone that started it, and whether its first start went through. */
const ownershipSchema = z.object({ projectDir: z.string(), complete: z.boolean() });

/** Remembers this clone as the one the cluster belongs to. */
export function takeOwnership(complete: boolean): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(path, JSON.stringify({ projectDir, complete }));
}

export function giveUpOwnership(): void {
  rmSync(path, { force: true });
}

/** Whether there is a whole cluster of this clone: running, or to be started again with its data. */
export function ownsWholeCluster(): boolean {
  const ownership = readOwnership();
  return ownership?.projectDir === projectDir && ownership.complete;
}

/** Refuses while the cluster runs for another clone that still exists. */
export function refuseForeignCluster(wayOut: string): void {
  const owner = readOwnership()?.projectDir;
  if (owner === undefined || owner === projectDir) return;
  if (!existsSync(owner) || runningProcesses().length === 0) return;
  throw new UserError(
    `The embedded cluster, of which there is one per machine, is running for another clone, ${owner}. ${wayOut}`,
  );
}

function readOwnership(): z.infer<typeof ownershipSchema> | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return ownershipSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined; // Cut off while it was written: as good as no cluster.
  }
}
