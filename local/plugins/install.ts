import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { projectDir } from "../settings";
import { UserError } from "../user-error";
import { bundle, type StandIn, standIns } from "./bundle";

export interface InstallOptions {
  /** Path of the Pulumi CLI. */
  pulumi: string;
  /** Where the CLI looks for plugins: `$PULUMI_HOME`. */
  pulumiHome: string;
  env: Record<string, string>;
}

export type Source = "official" | "stand-in";

/** Hosts that serve the official plugins, and the time that finding out and downloading may take together. */
const downloadHosts = ["get.pulumi.com", "github.com"];
const probeTimeout = 700;
const downloadTimeout = 2000;

/** Distinguishes our script from a plugin that somebody else put there. */
const standInMark = "# stand-in of release-channels";

/**
 * Makes sure that the engine finds the resource plugins: the official ones where they are installed or can
 * be downloaded, else stand-ins. Prints one line that says which, and why.
 */
export async function installPlugins(options: InstallOptions): Promise<Record<StandIn, Source>> {
  const forced = forcedSource(process.env.RELEASE_CHANNELS_PLUGINS);
  const canDownload = await (forced === "stand-in" ? false : isReachable());
  const choices = await Promise.all(standIns.map((name) => install(name, options, forced, canDownload)));
  console.log(
    `plugins: ${choices.map(({ name, version, source, why }) => `${name} ${version} ${source} (${why})`).join(", ")}`,
  );
  return Object.fromEntries(choices.map(({ name, source }) => [name, source])) as Record<StandIn, Source>;
}

function forcedSource(choice: string | undefined): Source | undefined {
  if (choice === undefined || choice === "") {
    return undefined;
  }
  if (choice !== "official" && choice !== "stand-in") {
    throw new UserError(`RELEASE_CHANNELS_PLUGINS is "${choice}"; it may be "official" or "stand-in".`);
  }
  return choice;
}

interface Choice {
  name: StandIn;
  version: string;
  source: Source;
  why: string;
}

async function install(
  name: StandIn,
  options: InstallOptions,
  forced: Source | undefined,
  canDownload: boolean,
): Promise<Choice> {
  const version = await pinnedVersion(name);
  const folder = join(options.pulumiHome, "plugins", `resource-${name}-v${version}`);
  const choice = (source: Source, why: string): Choice => ({ name, version, source, why });

  if (forced !== "stand-in") {
    if (await isOfficial(folder, name)) {
      return choice("official", "installed");
    }
    const elsewhere = join(homedir(), ".pulumi", "plugins", `resource-${name}-v${version}`);
    if (await isOfficial(elsewhere, name)) {
      await link(elsewhere, folder);
      return choice("official", `from ${elsewhere}`);
    }
    if (canDownload && (await download(name, version, folder, options))) {
      return choice("official", "downloaded");
    }
  }
  if (forced === "official") {
    throw new UserError(
      `The official ${name} plugin ${version} is neither installed nor downloadable, and RELEASE_CHANNELS_PLUGINS=official ` +
        `forbids the stand-in. Install it with: pulumi plugin install resource ${name} v${version}`,
    );
  }
  await installStandIn(name, folder, await bundle(name, version));
  return choice(
    "stand-in",
    forced === "stand-in"
      ? "as asked"
      : canDownload
        ? "download failed"
        : "official not installed, no internet",
  );
}

/** The version of the npm package is the version of the plugin. */
async function pinnedVersion(name: StandIn): Promise<string> {
  const file = join(projectDir, "node_modules", "@pulumi", name, "package.json");
  return z.object({ version: z.string() }).parse(JSON.parse(await readFile(file, "utf8"))).version;
}

async function isOfficial(folder: string, name: StandIn): Promise<boolean> {
  const executable = join(folder, `pulumi-resource-${name}`);
  if (!existsSync(executable) || existsSync(`${folder}.partial`)) {
    return false;
  }
  return !(await readFile(executable)).subarray(0, 200).includes(standInMark);
}

/** A folder of links: the engine takes only real folders for plugins. */
async function link(from: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const file of await readdir(from)) {
    await symlink(join(from, file), join(folder, file));
  }
}

async function download(
  name: StandIn,
  version: string,
  folder: string,
  options: InstallOptions,
): Promise<boolean> {
  // The CLI takes a stand-in for the real thing, and would download nothing.
  await rm(folder, { recursive: true, force: true });
  const { failed } = await execa(options.pulumi, ["plugin", "install", "resource", name, `v${version}`], {
    env: { ...options.env, PULUMI_HOME: options.pulumiHome, PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeout: downloadTimeout,
    forceKillAfterDelay: 200,
    reject: false,
  });
  return !failed && (await isOfficial(folder, name));
}

async function installStandIn(name: StandIn, folder: string, file: string): Promise<void> {
  const quote = (path: string) => `'${path.replaceAll("'", "'\\''")}'`;
  const script = `#!/bin/sh\n${standInMark}\nexec ${quote(process.execPath)} --no-deprecation ${quote(file)} "$@"\n`;
  const executable = join(folder, `pulumi-resource-${name}`);
  if (existsSync(executable) && (await readFile(executable, "utf8")) === script) {
    return;
  }
  await rm(folder, { recursive: true, force: true });
  await rm(`${folder}.partial`, { force: true });
  await mkdir(folder, { recursive: true });
  const unfinished = `${executable}.${process.pid}`;
  await writeFile(unfinished, script);
  await chmod(unfinished, 0o755);
  await rename(unfinished, executable);
}

async function isReachable(): Promise<boolean> {
  const probes = await Promise.all(downloadHosts.map(canConnect));
  return probes.every((connected) => connected);
}

function canConnect(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 443 });
    const finish = (connected: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(connected);
    };
    const timer = setTimeout(() => finish(false), probeTimeout);
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });
}
