import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { cacheDir, projectDir } from "../settings";
import { UserError } from "../user-error";
import { goBuild } from "./go-build";
import { ensureInstalled, type Installation, installationDir } from "./installation";
import { type Program, type ToolModule, toolModules } from "./modules";

const toolsDir = join(cacheDir, "tools");
const modulesDir = join(projectDir, "local", "tools");
const ledgerDir = join(projectDir, "ledger");
const gatewayApi = { name: "gateway-api", module: "sigs.k8s.io/gateway-api", folder: "config/crd/standard" };

export interface Tools {
  /** Absolute path of each program. */
  programs: Record<Program, string>;
  /** Folder with the Gateway API's custom resource definitions (standard channel), one YAML file each. */
  gatewayApiDir: string;
}

/**
 * Builds what is missing of the tools and returns where they are. Safe to call from several processes.
 *
 * @param report receives progress for people, one line at a time
 */
export async function ensureTools(report: (line: string) => void): Promise<Tools> {
  const installations = await plannedInstallations();
  await ensureInstalled(toolsDir, installations, report);
  return locate(installations);
}

/** Builds the ledger's program unless it is there, and returns where it is. Safe to call from several processes. */
export async function ensureLedger(report: (line: string) => void): Promise<string> {
  const installation = ledgerInstallation(await installedGo());
  await ensureInstalled(toolsDir, [installation], report);
  return join(installationDir(toolsDir, installation), installation.name);
}

/** Names of the tools that the next `ensureTools` will build. */
export async function missingTools(): Promise<string[]> {
  return (await plannedInstallations())
    .filter((one) => !existsSync(installationDir(toolsDir, one)))
    .map(({ name }) => name);
}

async function plannedInstallations(): Promise<Installation[]> {
  const goVersion = await installedGo();
  return [
    ...toolModules.map((module) => programInstallation(module, goVersion)),
    ledgerInstallation(goVersion),
    gatewayApiInstallation(),
  ];
}

function programInstallation(module: ToolModule, goVersion: string): Installation {
  const source = join(modulesDir, module.name);
  const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", module.linkerFlags];
  return {
    name: module.name,
    hash: hashOf(source, [goVersion, ...flags]),
    coldBuildSeconds: module.coldBuildSeconds,
    fill: (dir, report) =>
      goBuild({ name: module.name, source, packages: "tool", flags, outputDir: dir, report }),
  };
}

/** Its source is this clone's own: all of it is part of the hash. */
function ledgerInstallation(goVersion: string): Installation {
  const name = "ledger";
  const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];
  // Runs in images of any kind, those without a C library among them.
  const env = { CGO_ENABLED: "0" };
  const sources = readdirSync(ledgerDir).filter((file) => /\.(go|sql)$/.test(file));
  return {
    name,
    hash: hashOf(ledgerDir, [goVersion, ...flags, JSON.stringify(env)], sources.sort()),
    coldBuildSeconds: 25,
    fill: (dir, report) =>
      goBuild({ name, source: ledgerDir, packages: ".", flags, env, outputDir: dir, report }),
  };
}

/** The definitions come from the module's source, checked against go.sum; nothing is compiled. */
function gatewayApiInstallation(): Installation {
  const source = join(modulesDir, gatewayApi.name);
  return {
    name: gatewayApi.name,
    hash: hashOf(source, [gatewayApi.folder]),
    coldBuildSeconds: 5,
    fill: async (dir) => {
      const { stdout, stderr, exitCode } = await execa(
        "go",
        ["mod", "download", "-json", gatewayApi.module],
        {
          cwd: source,
          env: { GOFLAGS: "-mod=readonly" },
          reject: false,
        },
      );
      if (exitCode !== 0)
        throw new UserError(`Downloading the Gateway API module failed: ${stderr || stdout}`);
      const module = z.object({ Dir: z.string() }).parse(JSON.parse(stdout));
      cpSync(join(module.Dir, gatewayApi.folder), dir, { recursive: true });
    },
  };
}

function hashOf(source: string, inputs: string[], sources: string[] = []): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", ...sources]) hash.update(readFileSync(join(source, file)));
  return hash.update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
}

function locate(installations: Installation[]): Tools {
  const dirs = new Map(installations.map((one) => [one.name, installationDir(toolsDir, one)]));
  const dirOf = (name: string) => {
    const dir = dirs.get(name);
    if (dir === undefined) throw new Error(`no tool module ${name}`);
    return dir;
  };
  const entries = toolModules.flatMap(({ name, programs }) =>
    programs.map((program): [Program, string] => [program, join(dirOf(name), program)]),
  );
  return {
    programs: Object.fromEntries(entries) as Record<Program, string>,
    gatewayApiDir: dirOf(gatewayApi.name),
  };
}

/** The version of the Go toolchain, `go1.26.1`; refused if it is older than what the modules need. */
export async function installedGo(): Promise<string> {
  const { stdout, exitCode } = await execa("go", ["env", "GOVERSION"], { reject: false });
  if (exitCode !== 0) {
    throw new UserError(
      "Go is missing: the engine, the cluster and the gateway are built from source. Install Go 1.25 or newer (https://go.dev/dl) and put `go` on the PATH.",
    );
  }
  const found = stdout.trim();
  for (const dir of [...toolModules.map(({ name }) => join(modulesDir, name)), ledgerDir]) {
    const file = join(dir, "go.mod");
    const needed = /^go (\S+)$/m.exec(readFileSync(file, "utf8"))?.[1] ?? "0";
    if (isOlder(found.replace(/^go/, ""), needed)) {
      throw new UserError(
        `${file} needs Go ${needed} or newer, found ${found}. Install a newer Go (https://go.dev/dl).`,
      );
    }
  }
  return found;
}

function isOlder(found: string, needed: string): boolean {
  const numbers = (version: string) => version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  const [foundNumbers, neededNumbers] = [numbers(found), numbers(needed)];
  for (const [index, number] of neededNumbers.entries()) {
    const difference = (foundNumbers[index] ?? 0) - number;
    if (difference !== 0) return difference < 0;
  }
  return false;
}
