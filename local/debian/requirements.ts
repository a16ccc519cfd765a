import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../user-error";

/** Something the embedded cluster takes from the system, and the Debian package that brings it. */
export interface Requirement {
  what: string;
  package: string;
  /** Absolute path of the program (or folder of programs), if it is there. */
  find: () => string | undefined;
}

const systemPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

export const requirements = {
  etcd: program("etcd", "etcd-server"),
  containerd: program("containerd", "containerd"),
  runc: program("runc", "runc"),
  networkPlugins: {
    what: "CNI plugins",
    package: "containernetworking-plugins",
    find: () =>
      ["/usr/lib/cni", "/opt/cni/bin"].find((dir) =>
        ["bridge", "host-local", "loopback"].every((name) => isProgram(join(dir, name))),
      ),
  },
  prometheus: program("prometheus", "prometheus"),
  postgres: { what: "PostgreSQL 14 or newer", package: "postgresql", find: newestPostgres },
  compiler: program("gcc", "gcc"),
  staticLibraries: { what: "the C library for static linking", package: "libc6-dev", find: staticLibraries },
  ip: program("ip", "iproute2"),
  mount: program("mount", "mount"),
  setpriv: program("setpriv", "util-linux"),
} satisfies Record<string, Requirement>;

/** Path of a requirement that must be there by now. */
export function locate(name: keyof typeof requirements): string {
  const { what, package: packageName, find } = requirements[name];
  const path = find();
  if (path === undefined)
    throw new UserError(`${what} is missing. Install it (Debian package ${packageName}).`);
  return path;
}

function program(name: string, packageName: string): Requirement {
  return { what: name, package: packageName, find: () => findProgram(name) };
}

function findProgram(name: string): string | undefined {
  return systemPath.map((dir) => join(dir, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Folder of the server programs of the newest version, `/usr/lib/postgresql/15/bin`. */
function newestPostgres(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).map(Number) : [];
  return versions
    .filter((version) => version >= 14)
    .sort((a, b) => b - a)
    .map((version) => join(root, String(version), "bin"))
    .find((dir) => isProgram(join(dir, "postgres")) && isProgram(join(dir, "initdb")));
}

/** Folder of `libc.a`, by the names Debian gives its architectures. */
function staticLibraries(): string | undefined {
  const dirs = readdirSync("/usr/lib").filter((name) => name.endsWith("-linux-gnu"));
  return dirs.map((name) => join("/usr/lib", name)).find((dir) => existsSync(join(dir, "libc.a")));
}
