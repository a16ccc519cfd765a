import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { UserError } from "../config/load/problems";
import { type Memory, memoryFrom } from "./state";

const timeoutMilliseconds = 30_000;
/** A checkpoint holds every resource of the stack. */
const largestBytes = 256 * 1024 * 1024;

const exported = z.object({
  deployment: z
    .object({
      resources: z
        .array(z.object({ urn: z.string(), outputs: z.record(z.string(), z.unknown()).default({}) }))
        .default([]),
    })
    .nullable(),
});

/**
 * What a stack remembers, read from the backend by the engine's own command: for those that have no engine to
 * invoke.
 * @param stack full name, `<organization>/<project>/<stack>`
 * @throws {UserError} when the command is not there, the stack is not, or the backend does not answer.
 */
export async function exportedMemory(stack: string, projectDir: string): Promise<Memory> {
  const args = ["stack", "export", "--non-interactive", "--stack", stack];
  const { stdout } = await promisify(execFile)("pulumi", args, {
    cwd: projectDir,
    env: process.env,
    timeout: timeoutMilliseconds,
    maxBuffer: largestBytes,
  }).catch((error: Error & { stderr?: string }) => {
    const reason = error.stderr?.trim() || error.message;
    throw new UserError(`The state of stack ${stack} cannot be read (pulumi stack export): ${reason}`);
  });
  const { deployment } = exported.parse(JSON.parse(stdout));
  const outputs = Object.fromEntries(
    (deployment?.resources ?? []).map((resource) => [resource.urn, { outputs: resource.outputs }]),
  );
  const { intent, record } = memoryFrom(outputs, stack);
  return { intent, record };
}
