import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { UserError } from "../../config/load/problems";
import type { RawConfiguration } from "../../config/load/stack";

/** The update or preview that the engine started the pack for. */
export interface PackRun {
  organization: string;
  project: string;
  stack: string;
  /** Whether it is a preview, in which some values are not known yet. */
  preview: boolean;
  configuration: RawConfiguration;
  /** Folder of the program, absolute: where release files and policy files are looked for. */
  projectDir: string;
}

const engineEnvironment = z.object({
  PULUMI_ORGANIZATION: z.string().default("organization"),
  PULUMI_PROJECT: z.string(),
  PULUMI_STACK: z.string(),
  PULUMI_DRY_RUN: z.enum(["true", "false"]),
  PULUMI_CONFIG: z.string(),
  /** Where the program is, for a pack that stands somewhere else. */
  RELEASE_PROJECT_DIR: z.string().optional(),
});

const projectFile = z.object({ name: z.string() });

/**
 * Reads what the engine tells a pack of its run, from the environment; nothing of it comes from the program.
 * @param packDir folder of the pack, absolute; without RELEASE_PROJECT_DIR the program is the folder above it
 * @throws {UserError} when something of it is missing, or the folder is not that of the running project.
 */
export function packRun(environment: NodeJS.ProcessEnv, packDir: string): PackRun {
  const engine = engineEnvironment.safeParse(environment);
  if (!engine.success) {
    const missing = engine.error.issues.map(({ path }) => path.join(".")).join(", ");
    throw new UserError(
      `The engine did not tell the policy pack what it runs (${missing}): Pulumi 3.220 or newer is needed.`,
    );
  }
  const { data } = engine;
  const projectDir = resolve(packDir, data.RELEASE_PROJECT_DIR ?? "..");
  requireProject(projectDir, data.PULUMI_PROJECT);
  return {
    organization: data.PULUMI_ORGANIZATION,
    project: data.PULUMI_PROJECT,
    stack: data.PULUMI_STACK,
    preview: data.PULUMI_DRY_RUN === "true",
    configuration: z.record(z.string(), z.string()).parse(JSON.parse(data.PULUMI_CONFIG)),
    projectDir,
  };
}

function requireProject(projectDir: string, project: string): void {
  const file = resolve(projectDir, "Pulumi.yaml");
  let name: string;
  try {
    ({ name } = projectFile.parse(parse(readFileSync(file, "utf8"))));
  } catch (error) {
    throw new UserError(
      `The policy pack cannot read ${file}: ${(error as Error).message}. Set RELEASE_PROJECT_DIR to the folder of the program.`,
    );
  }
  if (name === project) return;
  throw new UserError(
    `The policy pack looks at the project ${name} in ${projectDir}, and the engine runs ${project}. Set RELEASE_PROJECT_DIR to the folder of the program.`,
  );
}
