import { Client } from "pg";
import { kubectl } from "../cluster/kubectl";
import { Unexpected } from "./expectation";
import { readWatchPolicy } from "./policy";
import type { Pulumi } from "./pulumi";

const emptyState = JSON.stringify({ version: 3, deployment: {} });
const ours = "app.kubernetes.io/managed-by=release-channels";
/** Routes first, so that nothing is sent to pods that are on their way out. */
const kinds = [
  "httproutes.gateway.networking.k8s.io",
  "deployments",
  "jobs",
  "services",
  "poddisruptionbudgets",
  "configmaps",
  "pods",
];

/** Brings a channel back to where nothing was ever installed, whatever an earlier demo left behind. */
export async function resetChannel(stack: string, pulumi: Pulumi): Promise<void> {
  const { namespace } = readWatchPolicy(stack).channel;
  await emptyStack(stack, pulumi);
  await deleteObjects(namespace);
  await emptyDatabase(namespace);
}

async function emptyStack(stack: string, pulumi: Pulumi): Promise<void> {
  const select = await pulumi.quietly(["stack", "select", stack, "--create"]);
  if (select.exitCode !== 0) {
    throw new Unexpected(`expected stack ${stack} to be there or to be created:\n${select.output}`);
  }
  // Answers with an error where no update left its lock behind.
  await pulumi.quietly(["cancel", "--yes", "--stack", stack]);
  const { exitCode, output } = await pulumi.quietly(["stack", "import", "--stack", stack], emptyState);
  if (exitCode !== 0) {
    throw new Unexpected(`expected the state of stack ${stack} to be emptied:\n${output}`);
  }
}

export async function deleteObjects(namespace: string): Promise<void> {
  for (const kind of kinds) {
    await kubectl([
      ...["delete", kind, "--namespace", namespace, "--selector", ours],
      ...["--ignore-not-found", "--wait", "--timeout", "60s"],
      ...(kind === "pods" ? ["--grace-period", "1"] : []),
    ]);
  }
}

async function emptyDatabase(namespace: string): Promise<void> {
  const query = [
    "get",
    "secret",
    "shop-database",
    "--namespace",
    namespace,
    "--output",
    "jsonpath={.data.url}",
  ];
  const url = Buffer.from(await kubectl(query), "base64").toString();
  const database = new Client({ connectionString: url });
  await database.connect();
  try {
    await database.query("drop schema public cascade; create schema public");
  } finally {
    await database.end();
  }
}
