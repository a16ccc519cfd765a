import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { logDir, stateDir } from "../settings";
import { passphrasePath } from "./environment";
import { networkName, runDir } from "./node";

/** Held while the cluster is started or stopped. */
export const clusterLock = join(stateDir, "lock");

/** Deletes the cluster's data; what outlives it are its logs and the passphrase of the stacks' configuration. */
export function removeState(): void {
  removeExcept(stateDir, [clusterLock, logDir, dirname(passphrasePath())]);
  removeExcept(dirname(passphrasePath()), [passphrasePath()]);
  rmSync(runDir, { recursive: true, force: true });
}

/** Deletes what the kubelet, CNI and containerd write elsewhere, whatever folders they are told. */
export function removeTraces(): void {
  const podLogs = "/var/log/containers";
  removeMatching(podLogs, (path) => linkTarget(path).startsWith(stateDir));

  const results = "/var/lib/cni/results";
  // `<network>-<sandbox>-<interface>`: the sandboxes of our network have a loopback interface too.
  const pattern = new RegExp(`^${networkName}-([0-9a-f]{64})-`);
  const sandboxes = list(results).flatMap((name) => pattern.exec(name)?.[1] ?? []);
  removeMatching(results, (path) => sandboxes.some((sandbox) => basename(path).includes(sandbox)));

  const plugins = "/var/lib/kubelet/device-plugins";
  const shims = "/run/containerd/s";
  const openSockets = readFileSync("/proc/net/unix", "utf8");
  const isDead = (path: string) => !openSockets.includes(path);
  if (isDead(join(plugins, "kubelet.sock"))) {
    removeMatching(plugins, (path) =>
      ["kubelet.sock", "kubelet_internal_checkpoint"].includes(basename(path)),
    );
  }
  removeMatching(shims, isDead);

  const dirs = [podLogs, results, plugins, shims, "/run/containerd/fifo"];
  for (const dir of [...dirs, ...dirs.map(dirname).filter((dir) => dir !== "/var/log")]) removeIfEmpty(dir);
}

function list(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir) : [];
}

function removeExcept(dir: string, kept: string[]): void {
  removeMatching(dir, (path) => !kept.includes(path));
}

function removeMatching(dir: string, matches: (path: string) => boolean): void {
  for (const path of list(dir).map((name) => join(dir, name))) {
    if (matches(path)) rmSync(path, { recursive: true, force: true });
  }
}

function removeIfEmpty(dir: string): void {
  if (existsSync(dir) && list(dir).length === 0) rmdirSync(dir);
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
