import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { execa } from "execa";
import { z } from "zod";
import { network, ports, stateDir } from "../settings";
import { UserError } from "../user-error";
import { allPids, clusterOf } from "./process";

/** A locally administered address that stays: by default a bridge takes over its ports' and pods lose the host for a while. */
const hardwareAddress = "0a:58:0a:f4:00:01";

const linkSchema = z.array(z.object({ ifname: z.string(), address: z.string().optional() }));
const addressSchema = z.array(
  z.object({
    ifname: z.string(),
    addr_info: z.array(z.object({ local: z.string().optional() })).default([]),
  }),
);

/** Creates the bridge that pods and host share. A bridge of that name, or an address of that network, that isn't ours is refused. */
export async function ensureBridge(): Promise<void> {
  const { bridge, hostAddress, subnet } = network;
  const links = linkSchema.parse(await ip("-json", "link", "show"));
  const existing = links.find(({ ifname }) => ifname === bridge);
  if (existing !== undefined && existing.address !== hardwareAddress) {
    throw new UserError(
      `The network interface ${bridge} exists and is not the embedded cluster's. Remove it (\`ip link delete ${bridge}\`) if nothing needs it.`,
    );
  }
  const addresses = addressSchema.parse(await ip("-json", "address", "show"));
  const prefix = hostAddress.slice(0, hostAddress.lastIndexOf(".") + 1);
  const clash = addresses.find(
    ({ ifname, addr_info }) => ifname !== bridge && addr_info.some(({ local }) => local?.startsWith(prefix)),
  );
  if (clash !== undefined) {
    throw new UserError(
      `The network ${subnet}, which the embedded cluster needs, is in use by the interface ${clash.ifname}.`,
    );
  }
  if (existing === undefined) await ip("link", "add", bridge, "address", hardwareAddress, "type", "bridge");
  const hasAddress = addresses.some(
    ({ ifname, addr_info }) => ifname === bridge && addr_info.some(({ local }) => local === hostAddress),
  );
  if (!hasAddress) await ip("address", "add", `${hostAddress}/${subnet.split("/")[1]}`, "dev", bridge);
  await ip("link", "set", bridge, "up");
}

/** Removes the bridge and the pods' ends of it. */
export async function removeBridge(): Promise<void> {
  const links = linkSchema.parse(await ip("-json", "link", "show"));
  if (!links.some(({ ifname, address }) => ifname === network.bridge && address === hardwareAddress)) return;
  const members = linkSchema.parse(await ip("-json", "link", "show", "master", network.bridge));
  for (const { ifname } of members) await execa("ip", ["link", "delete", ifname], { reject: false });
  await ip("link", "delete", network.bridge);
}

async function ip(...args: string[]): Promise<unknown> {
  const { stdout } = await execa("ip", args);
  return args[0] === "-json" ? JSON.parse(stdout || "[]") : undefined;
}

export interface TakenPort {
  port: number;
  purpose: string;
  /** Who listens there, for people: "nginx (process 412)". */
  holder: string;
}

/** Those of our ports that something else listens on. */
export function takenPorts(): TakenPort[] {
  const purposes = new Map(Object.entries(ports).map(([purpose, port]) => [port, purpose]));
  const sockets = listeningSockets().filter(({ port }) => purposes.has(port));
  if (sockets.length === 0) return [];
  const holders = socketHolders(new Set(sockets.map(({ inode }) => inode)));
  const taken = sockets.flatMap(({ port, inode }) => {
    const pid = holders.get(inode);
    const cluster = pid === undefined ? undefined : clusterOf(pid);
    if (cluster === stateDir) return [];
    return [{ port, purpose: purposes.get(port) ?? "", holder: describeHolder(pid, cluster) }];
  });
  return [...new Map(taken.map((entry) => [entry.port, entry])).values()];
}

export function refuseTakenPorts(): void {
  const taken = takenPorts();
  if (taken.length === 0) return;
  const list = taken.map(({ port, purpose, holder }) => `  ${port} (${purpose}): ${holder}`).join("\n");
  throw new UserError(
    `The embedded cluster needs ports that something else listens on:\n${list}\nEnd those processes, then try again.`,
  );
}

function describeHolder(pid: number | undefined, cluster: string | undefined): string {
  if (pid === undefined) return "a process that this user cannot see";
  const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  const owner = cluster === undefined ? "" : `, of another embedded cluster, in ${cluster}`;
  return `${name} (process ${pid}${owner})`;
}

/** Listening TCP sockets from /proc/net/tcp: local address as hex `address:port`, state 0A, inode in the tenth column. */
function listeningSockets(): { port: number; inode: string }[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].filter(existsSync).flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .slice(1)
      .flatMap((line) => {
        const columns = line.trim().split(/\s+/);
        const port = Number.parseInt(columns[1]?.split(":")[1] ?? "", 16);
        const inode = columns[9];
        return columns[3] === "0A" && inode !== undefined ? [{ port, inode }] : [];
      }),
  );
}

function socketHolders(inodes: Set<string>): Map<string, number> {
  const holders = new Map<string, number>();
  for (const pid of allPids()) {
    try {
      for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
        if (inode !== undefined && inodes.has(inode)) holders.set(inode, pid);
      }
    } catch {
      // It ended meanwhile, or belongs to another user.
    }
  }
  return holders;
}
