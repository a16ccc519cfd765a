import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../lock";
import { runStep } from "../progress";
import { cacheDir, logDir, stateDir } from "../settings";
import { UserError } from "../user-error";
import { killEngines } from "./engine-processes";
import { clusterLock, removeState, removeTraces } from "./files";
import { unmountBelow } from "./mounts";
import { removeBridge } from "./network";
import { cgroupHierarchies, cgroupName, runDir } from "./node";
import { giveUpOwnership, refuseForeignCluster } from "./owner";
import { endProcesses, runningProcesses } from "./process";

/**
 * Stops the embedded cluster and deletes its data, the Pulumi backend's included; built tools and logs stay.
 *
 * @param options.force also when the cluster runs for another clone
 */
export async function clusterDown(options: { force?: boolean } = {}): Promise<void> {
  await withLock(clusterLock, "the embedded cluster", 600, async () => {
    if (options.force !== true) {
      refuseForeignCluster(
        "Run `make cluster-down` there, or `node run.cjs local/cli.ts down --force` here.",
      );
    }
    await runStep({ title: "The embedded cluster is gone, and its data with it", run: removeCluster });
    process.stderr.write(`  Built tools stay in ${cacheDir}, its last logs in ${logDir}.\n`);
  });
}

/** Removes all there is of a cluster, however much of it runs. The kubelet goes first: it would bring pods back. */
export async function removeCluster(): Promise<void> {
  giveUpOwnership();
  killEngines();
  await endProcesses(
    runningProcesses().filter(({ name }) => name === "kubelet"),
    2,
  );
  await removeCgroups();
  await endProcesses(runningProcesses(), 1.5); // The API server would wait for its clients.
  await unmountBelow([stateDir, runDir]);
  await removeBridge();
  removeTraces();
  removeState();
}

/** Kills all containers, whatever started them, and removes their cgroups. */
async function removeCgroups(): Promise<void> {
  const roots = cgroupHierarchies()
    .map((hierarchy) => join(hierarchy, cgroupName))
    .filter(existsSync);
  for (const deadline = Date.now() + 10_000; ; await sleep(50)) {
    const groups = roots.filter(existsSync).flatMap(groupsBelow);
    if (groups.length === 0) return;
    for (const group of groups) {
      for (const pid of processesIn(group)) kill(pid);
      try {
        rmdirSync(group);
      } catch {
        // Its processes are still ending.
      }
    }
    if (Date.now() > deadline) throw new UserError(`These cgroups cannot be removed: ${groups.join(", ")}.`);
  }
}

/** A cgroup and those below it, the innermost first. */
function groupsBelow(group: string): string[] {
  const children = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...children.flatMap(({ name }) => groupsBelow(join(group, name))), group];
}

function processesIn(group: string): number[] {
  try {
    return readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}
