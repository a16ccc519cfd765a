import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { installPlugins } from "../plugins/install";
import { checkpointOf, projectDir, pulumiBackendDir, pulumiHome } from "../settings";
import { UserError } from "../user-error";
import { binDir } from "./bin";
import { engineEnvironment } from "./environment";
import { rememberPluginSources } from "./plugin-sources";

/** Sees to the engine's resource plugins, and creates the stacks that its backend doesn't have yet. */
export async function ensureEngine(stacks: string[]): Promise<void> {
  for (const dir of [pulumiHome, pulumiBackendDir]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  const env = engineEnvironment();
  rememberPluginSources(await installPlugins({ pulumi: join(binDir, "pulumi"), pulumiHome, env }));
  for (const stack of stacks) {
    if (!existsSync(checkpointOf(stack))) await initialize(stack, env);
  }
}

/** `pulumi stack init` writes a salt into the stack's committed file. That is undone: the first `up` does it anyway. */
async function initialize(stack: string, env: Record<string, string>): Promise<void> {
  const file = join(projectDir, `Pulumi.${stack}.yaml`);
  const before = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  try {
    const args = ["stack", "init", stack, "--no-select", "--non-interactive"];
    const { exitCode, all } = await execa(join(binDir, "pulumi"), args, {
      cwd: projectDir,
      env,
      all: true,
      reject: false,
    });
    if (exitCode === 0) return;
    const hint = all.includes("incorrect passphrase")
      ? `\nThe line \`encryptionsalt\` in ${file} was written with another passphrase. Remove that line.`
      : "";
    throw new UserError(`The Pulumi stack ${stack} could not be created: ${all}${hint}`);
  } finally {
    if (before === undefined) rmSync(file, { force: true });
    else writeFileSync(file, before);
  }
}
