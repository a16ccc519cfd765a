import { text } from "node:stream/consumers";
import { z } from "zod";
import { UserError } from "../config/load/problems";
import { ask, type Cluster, connect } from "./kubernetes";

const capacityRequest = z.object({
  /** Id of the transition that needs it. */
  id: z.string(),
  /** kubeconfig context; the current one where it is left out. */
  context: z.string().optional(),
  namespace: z.string(),
  /** Deployment → the fewest pods that have to be ready. */
  deployments: z.record(z.string(), z.int().min(1)),
  withinSeconds: z.number(),
});
export type CapacityRequest = z.infer<typeof capacityRequest>;

const pauseMilliseconds = 500;

/**
 * Waits until as many pods are ready as an autoscaler was told to keep. It acts by itself, a while after it was told.
 * @throws {UserError} when the time is over; the message says what was asked and what was seen.
 */
export async function readyCapacity(
  cluster: Cluster,
  request: CapacityRequest,
): Promise<Record<string, number>> {
  const { namespace, deployments, withinSeconds } = request;
  const deadline = Date.now() + withinSeconds * 1000;
  for (;;) {
    const seen: Record<string, number> = {};
    for (const name of Object.keys(deployments)) {
      const found = await ask(cluster, `Deployment ${namespace}/${name}`, (options) =>
        cluster.apps.readNamespacedDeployment({ namespace, name }, options),
      );
      seen[name] = found?.status?.readyReplicas ?? 0;
    }
    const missing = Object.entries(deployments).filter(([name, wanted]) => (seen[name] ?? 0) < wanted);
    if (missing.length === 0) return seen;
    const told = missing.map(([name, wanted]) => `${seen[name] ?? 0} of ${wanted} pods of ${name} are ready`);
    if (Date.now() >= deadline) {
      throw new UserError(
        `${told.join(", ")} after ${withinSeconds} s, so no traffic was moved. Look at the HorizontalPodAutoscaler of the same name and at its pods; \`pulumi up\` tries again, and setting the version back rolls back.`,
      );
    }
    process.stderr.write(`${told.join(", ")}\n`);
    await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
  }
}

async function main(): Promise<void> {
  const request = capacityRequest.parse(JSON.parse(await text(process.stdin)));
  process.stdout.write(JSON.stringify(await readyCapacity(connect(request.context), request)));
}

if (process.argv[1]?.endsWith("ready-capacity.ts")) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
