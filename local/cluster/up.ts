import { rmSync } from "node:fs";
import { ensurePackages } from "../debian/install";
import { withLock } from "../lock";
import { runStep, runSteps } from "../progress";
import { logDir } from "../settings";
import { ensureTools, type Tools } from "../tools/install";
import { UserError } from "../user-error";
import { backupObjects, prepareBackupVolumes } from "./backup-volumes";
import { ensureBin } from "./bin";
import { type Channel, channels } from "./channels";
import { ensureControlPlane } from "./control-plane";
import { removeCluster } from "./down";
import { ensureEngine } from "./engine";
import { clusterLock } from "./files";
import { ensureGateway, gatewayApiObjects, traefikIdentity } from "./gateway";
import { identityObjects } from "./identity";
import { ensureImages } from "./images";
import { apply } from "./kubectl";
import { ensureBridge, refuseTakenPorts } from "./network";
import { ensureContainerd, ensureKubelet } from "./node";
import { ownsWholeCluster, refuseForeignCluster, takeOwnership } from "./owner";
import { databaseUrl, ensurePostgres, scratchUrl } from "./postgres";
import { ensurePrometheus, prometheusIdentity } from "./prometheus";

/**
 * Starts the embedded cluster, installing and building what is missing, and repairs what of it doesn't run.
 * On one that runs as it should, it changes nothing and takes about two seconds.
 */
export async function clusterUp(): Promise<void> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new UserError("The embedded cluster runs real containers: it needs Linux, and root.");
  }
  await withLock(clusterLock, "the embedded cluster", 1800, async () => {
    refuseForeignCluster("Run `make cluster-down` there first.");
    await runStep({ title: "Debian packages", run: ensurePackages });
    await start(await runStep({ title: "Tools built from source", run: ensureTools }));
  });
}

async function start(tools: Tools): Promise<void> {
  const resuming = ownsWholeCluster();
  if (!resuming) {
    // Parts of another cluster, or of one that never got complete, would contradict the new one's.
    await removeCluster();
    rmSync(logDir, { recursive: true, force: true });
  }
  refuseTakenPorts();
  takeOwnership(resuming);
  ensureBin(tools);
  await ensureBridge();
  const offered = channels();
  await runSteps(
    { title: "Kubernetes API", run: () => ensureApi(tools, offered) },
    { title: "containerd, with the sample's images", run: () => ensureContainerd().then(ensureImages) },
    { title: "PostgreSQL", run: () => ensurePostgres(offered) },
    { title: "Pulumi plugins and stacks", run: () => ensureEngine(offered.map(({ stack }) => stack)) },
  );
  await runSteps(
    { title: "Node", run: () => ensureKubelet(tools) },
    { title: "Gateway", run: () => ensureGateway(tools) },
    { title: "Prometheus", run: ensurePrometheus },
  );
  takeOwnership(true);
}

async function ensureApi(tools: Tools, offered: Channel[]): Promise<void> {
  await ensureControlPlane(tools);
  await prepareBackupVolumes(offered);
  await apply([
    ...gatewayApiObjects(tools),
    ...identityObjects([traefikIdentity, prometheusIdentity]),
    ...offered.flatMap(channelObjects),
  ]);
}

/** A channel's namespace, the Secrets by which its pods reach their database, and the volume of its backups. */
function channelObjects(channel: Channel): object[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: channel.namespace } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "shop-database", namespace: channel.namespace },
      stringData: { url: databaseUrl(channel) },
    },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "shop-database-scratch", namespace: channel.namespace },
      stringData: { url: scratchUrl(channel) },
    },
    ...backupObjects(channel),
  ];
}
