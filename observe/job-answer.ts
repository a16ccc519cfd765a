import { text } from "node:stream/consumers";
import { z } from "zod";
import { UserError } from "../config/load/problems";
import { ask, type Cluster, connect } from "./kubernetes";

/** A Job whose program has left its answer in its termination message. */
const answerRequest = z.object({
  /** kubeconfig context; the current one where it is left out. */
  context: z.string().optional(),
  namespace: z.string(),
  job: z.string(),
});
type AnswerRequest = z.infer<typeof answerRequest>;

/**
 * The last line that a Job's container left as its termination message.
 * @throws {UserError} where no pod of it has ended well, or it said nothing.
 */
export async function jobAnswer(
  cluster: Cluster,
  { namespace, job }: Omit<AnswerRequest, "context">,
): Promise<string> {
  const pods = await ask(cluster, `Pods in ${namespace}`, (options) =>
    cluster.core.listNamespacedPod(
      { namespace, labelSelector: `batch.kubernetes.io/job-name=${job}` },
      options,
    ),
  );
  const ended = (pods?.items ?? []).find(({ status }) => status?.phase === "Succeeded");
  if (ended === undefined) {
    throw new UserError(
      `The Job ${namespace}/${job} has no pod that ended well, so what it did is not known. Run the update again.`,
    );
  }
  const messages = (ended.status?.containerStatuses ?? []).flatMap(
    ({ state }) => state?.terminated?.message ?? [],
  );
  const answer = messages.join("\n").trim().split("\n").at(-1) ?? "";
  if (answer === "") {
    throw new UserError(
      `The Job ${namespace}/${job} ended well and left no answer: its program has to write one JSON line to /dev/termination-log.`,
    );
  }
  return answer;
}

async function main(): Promise<void> {
  const { context, ...request } = answerRequest.parse(JSON.parse(await text(process.stdin)));
  process.stdout.write(await jobAnswer(connect(context), request));
}

if (process.argv[1]?.endsWith("job-answer.ts")) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
