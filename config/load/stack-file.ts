import { join } from "node:path";
import { z } from "zod";
import { loadStackConfiguration, type StackConfiguration } from "./stack";
import { check, readYaml } from "./yaml";

const project = z.looseObject({ name: z.string().min(1) });
const stackFile = z.looseObject({ config: z.record(z.string(), z.unknown()) });

/**
 * Reads `Pulumi.<stack>.yaml` itself, for commands that work without Pulumi, and of other channels.
 * @param whatFor what the file is needed for, told where it is missing
 * @throws {UserError} naming file, line and field of everything that is wrong.
 */
export function loadStackFile(
  projectDir: string,
  stack: string,
  whatFor = "it is the configuration of the channel (--channel)",
): StackConfiguration {
  const read = (file: string, reason: string) => readYaml(join(projectDir, file), file, reason);
  const projectSource = read("Pulumi.yaml", "it names the project");
  const { name } = check(project, projectSource.value, projectSource);
  const source = read(`Pulumi.${stack}.yaml`, whatFor);
  const { config } = check(stackFile, source.value, source);
  const raw = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
  return loadStackConfiguration(Object.fromEntries(raw), name, stack, projectDir);
}
