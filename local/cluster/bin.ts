import { copyFileSync, linkSync, lstatSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stateDir } from "../settings";
import type { Tools } from "../tools/install";

/** What `make env` puts on the PATH: the engine with what it looks for beside it, and kubectl. */
export const binDir = join(stateDir, "bin");

/** The engine starts these by name; node finds the SDK in the program's own node_modules. */
const scripts = {
  "pulumi-analyzer-policy": "@pulumi/pulumi/cmd/run-policy-pack",
  "pulumi-resource-pulumi-nodejs": "@pulumi/pulumi/cmd/dynamic-provider",
};

export function ensureBin({ programs }: Tools): void {
  mkdirSync(binDir, { recursive: true });
  for (const name of ["pulumi", "pulumi-language-nodejs", "kubectl"] as const)
    link(join(binDir, name), programs[name]);
  for (const [name, module] of Object.entries(scripts)) {
    const script = `#!/bin/sh\nexec node "$(node -p "require.resolve('${module}')")" "$@"\n`;
    writeFileSync(join(binDir, name), script, { mode: 0o755 });
  }
}

/** No symbolic link: the engine warns of a language host that does not stand beside its own real file. */
function link(path: string, target: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === lstatSync(target).ino) return;
  rmSync(path, { force: true });
  try {
    linkSync(target, path);
  } catch {
    // Cache and state folders may be on different file systems.
    copyFileSync(target, path);
  }
}
