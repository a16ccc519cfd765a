import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { execa } from "execa";
import { UserError } from "../user-error";
import { type Requirement, requirements } from "./requirements";

/** Present only while packages are installed: Debian starts what it installs, unless this says no. */
const installOnlyFiles = [
  {
    path: "/usr/sbin/policy-rc.d",
    mode: 0o755,
    content: "#!/bin/sh\n# Nothing that is being installed may start.\nexit 101\n",
  },
  {
    path: "/etc/postgresql-common/createcluster.d/release-channels.conf",
    mode: 0o644,
    content: "create_main_cluster = false\n",
  },
];

const aptOptions = [
  "-o",
  "Acquire::Retries=1",
  "-o",
  "Acquire::http::Timeout=15",
  "-o",
  "Acquire::https::Timeout=15",
  "-o",
  "DPkg::Lock::Timeout=120",
];

export function missingRequirements(): Requirement[] {
  return Object.values(requirements).filter(({ find }) => find() === undefined);
}

/**
 * Installs what is missing from Debian's packages, without starting any service.
 *
 * @param report receives progress for people, one line at a time
 */
export async function ensurePackages(report: (line: string) => void): Promise<void> {
  const missing = missingRequirements();
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((requirement) => requirement.package))];
  const list = packages.join(" ");
  if (!existsSync("/usr/bin/apt-get")) {
    throw new UserError(
      `Missing: ${missing.map(({ what }) => what).join(", ")}. There is no apt-get here: install them by hand (in Debian they are ${list}).`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new UserError(
      `Missing: ${missing.map(({ what }) => what).join(", ")}. As root: apt-get install --no-install-recommends ${list}`,
    );
  }
  report(`Installing Debian packages, about a minute: ${list}`);
  const placed = installOnlyFiles.filter(({ path }) => !existsSync(path));
  const remove = () => {
    for (const { path } of placed) rmSync(path, { force: true });
  };
  process.once("exit", remove);
  try {
    for (const { path, mode, content } of placed) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content, { mode });
    }
    const install = ["install", "--yes", "--no-install-recommends", ...packages];
    if (!(await aptGet(install, report)).ok) {
      report("Updating the package lists");
      await aptGet(["update"], report);
      const { ok, output } = await aptGet(install, report);
      if (!ok)
        throw new UserError(
          `apt-get could not install ${list}. Mend what it says, then try again:\n${output}`,
        );
    }
  } finally {
    remove();
    process.off("exit", remove);
  }
  const stillMissing = missingRequirements().map(({ what }) => what);
  if (stillMissing.length > 0)
    throw new UserError(`Still missing after installing ${list}: ${stillMissing.join(", ")}.`);
}

async function aptGet(
  args: string[],
  report: (line: string) => void,
): Promise<{ ok: boolean; output: string }> {
  const started = Date.now();
  const heartbeat = setInterval(() => {
    report(`apt-get ${args[0]} (${Math.round((Date.now() - started) / 1000)} s)`);
  }, 10_000);
  try {
    const { exitCode, all } = await execa("apt-get", [...aptOptions, ...args], {
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdin: "ignore",
      all: true,
      reject: false,
    });
    return { ok: exitCode === 0, output: all.slice(-2000) };
  } finally {
    clearInterval(heartbeat);
  }
}
