import { Command } from "commander";
import { clusterDown } from "./cluster/down";
import { clusterEnvironment, exportLines } from "./cluster/environment";
import { clusterUp } from "./cluster/up";
import { doctor } from "./doctor";
import { ensureTools } from "./tools/install";
import { UserError } from "./user-error";

const program = new Command("local").description(
  "The embedded cluster: a real one-node Kubernetes on this machine.",
);

program
  .command("up")
  .description("start it, or repair it")
  .action(async () => {
    await clusterUp();
    process.stderr.write('The embedded cluster runs. For pulumi and kubectl: eval "$(make -s env)"\n');
  });
program
  .command("down")
  .description("stop it and delete its data, the Pulumi backend's included")
  .option("--force", "even if it runs for another clone")
  .action((options: { force?: boolean }) => clusterDown(options));
program
  .command("env")
  .description("print the environment for pulumi and kubectl as shell commands")
  .action(() => {
    process.stdout.write(exportLines(clusterEnvironment()));
  });
program
  .command("tools")
  .description("build the tools, without starting anything")
  .action(async () => {
    await ensureTools((line) => process.stderr.write(`${line}\n`));
  });

program
  .command("doctor")
  .description("show what is there, what is missing, and what to do about it")
  .action(async () => {
    if (!(await doctor())) process.exitCode = 1;
  });

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(
    error instanceof UserError
      ? `${error.message}\n`
      : `${error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = 1;
});
