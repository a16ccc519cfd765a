import { mkdir } from "node:fs/promises";
import { pulumiHome } from "../settings";
import { installPlugins } from "./install";

/** `node run.cjs local/plugins/install-cli.ts [PULUMI_HOME] [path of the Pulumi CLI]` */
async function main([home = pulumiHome, pulumi = "pulumi"]: string[]): Promise<void> {
  await mkdir(home, { recursive: true });
  await installPlugins({ pulumi, pulumiHome: home, env: {} });
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
