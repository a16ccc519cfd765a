import { existsSync, readFileSync, statfsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import pc from "picocolors";
import { clusterRuns } from "./cluster/environment";
import { takenPorts } from "./cluster/network";
import { cgroupHierarchies } from "./cluster/node";
import { logPath, runningProcesses } from "./cluster/process";
import { requirements } from "./debian/requirements";
import { cacheDir } from "./settings";
import { installedGo, missingTools } from "./tools/install";
import { UserError } from "./user-error";

export interface Finding {
  what: string;
  /** `later`: absent, and brought by `make cluster` itself. */
  state: "ok" | "later" | "bad";
  found: string;
  /** What to do about it, unless it is there. */
  advice: string;
}

/** Prints what the embedded cluster needs and has. Returns whether nothing stands in its way. */
export async function doctor(): Promise<boolean> {
  const findings = [
    ...(await toolchains()),
    ...kernelFeatures(),
    ...packages(),
    await tools(),
    ...portFindings(),
    ...processes(),
  ];
  process.stdout.write(`${render(findings)}\n`);
  return findings.every(({ state }) => state !== "bad");
}

export function render(findings: Finding[]): string {
  const marks = { ok: pc.green("✔"), later: pc.yellow("–"), bad: pc.red("✖") };
  const lines = Object.fromEntries(
    ["mid", "left-mid", "mid-mid", "right-mid"].map((name): [string, string] => [name, ""]),
  );
  const table = new Table({
    head: ["", "what", "found", "what to do"],
    chars: lines,
    style: { head: [], border: [] },
  });
  for (const { what, state, found, advice } of findings) {
    table.push([marks[state], what, found, state === "ok" ? "" : advice]);
  }
  return table.toString();
}

async function toolchains(): Promise<Finding[]> {
  const isRoot = process.getuid?.() === 0;
  const nodeMajor = Number(process.versions.node.split(".")[0]);
  const go = await installedGo().then(
    (found): Finding => ({ what: "Go", state: "ok", found, advice: "" }),
    (error: unknown): Finding => {
      if (!(error instanceof UserError)) throw error;
      return { what: "Go", state: "bad", found: "missing or too old", advice: error.message };
    },
  );
  return [
    need("Linux", process.platform === "linux", process.platform, "The embedded cluster runs on Linux only."),
    need("root", isRoot, isRoot ? "yes" : "no", "Run it as root: it starts real containers."),
    need("Node", nodeMajor >= 20, process.version, "Install Node 20 or newer."),
    go,
  ];
}

function kernelFeatures(): Finding[] {
  const overlay = readFileSync("/proc/filesystems", "utf8").includes("overlay");
  const hierarchies = cgroupHierarchies();
  const available = hierarchies.map((dir) => {
    const list = join(dir, "cgroup.controllers");
    return existsSync(list) ? readFileSync(list, "utf8") : dir;
  });
  const missing = ["cpu", "memory", "pids"].filter((name) => !available.some((text) => text.includes(name)));
  const version = existsSync("/sys/fs/cgroup/cgroup.controllers") ? 2 : 1;
  const { bavail, bsize } = statfsSync(existsSync(cacheDir) ? cacheDir : homedir());
  const freeGigabytes = Math.floor((bavail * bsize) / 1e9);
  return [
    need("overlay file system", overlay, overlay ? "there" : "missing", "modprobe overlay"),
    need(
      "cgroups",
      missing.length === 0,
      missing.length === 0 ? `version ${version}` : `without ${missing.join(", ")}`,
      "Mount the cgroup controllers under /sys/fs/cgroup; in a container, run it privileged.",
    ),
    need(
      "disk space",
      freeGigabytes >= 10,
      `${freeGigabytes} GB free`,
      `10 GB are needed below ${cacheDir}, Go's build cache included.`,
    ),
  ];
}

function packages(): Finding[] {
  return Object.values(requirements).map(({ what, package: packageName, find }) => {
    const path = find();
    const advice = `\`make cluster\` installs the Debian package ${packageName}; elsewhere install it by hand.`;
    return { what, state: path === undefined ? "later" : "ok", found: path ?? "missing", advice };
  });
}

async function tools(): Promise<Finding> {
  const missing = await missingTools().catch(() => ["all"]);
  const found = missing.length === 0 ? "built" : `to build: ${missing.join(", ")}`;
  const advice = "`make cluster` builds them.";
  return { what: "engine, cluster, gateway", state: missing.length === 0 ? "ok" : "later", found, advice };
}

function portFindings(): Finding[] {
  const taken = takenPorts();
  if (taken.length === 0)
    return [{ what: "ports", state: "ok", found: "free, or the cluster's own", advice: "" }];
  return taken.map(({ port, purpose, holder }) => {
    return { what: `port ${port} (${purpose})`, state: "bad", found: holder, advice: "End that process." };
  });
}

const expectedProcesses = [
  ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "containerd", "kubelet"],
  ...["traefik", "prometheus", "pod-targets", "postgres"],
];

function processes(): Finding[] {
  if (!clusterRuns()) {
    return [
      { what: "embedded cluster", state: "later", found: "not running", advice: "`make cluster` starts it." },
    ];
  }
  const running = runningProcesses();
  return expectedProcesses.map((name) => {
    const found = running.find((candidate) => candidate.name === name);
    const advice = `\`make cluster\` starts it again; its log is ${logPath(name)}.`;
    return {
      what: name,
      state: found === undefined ? "bad" : "ok",
      found: found === undefined ? "not running" : `process ${found.pid}`,
      advice,
    };
  });
}

function need(what: string, there: boolean, found: string, advice: string): Finding {
  return { what, state: there ? "ok" : "bad", found, advice };
}
