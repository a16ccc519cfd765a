import { renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, KubeConfig, makeInformer } from "@kubernetes/client-node";
import { scrapeTargets } from "./scrape-targets";

/**
 * Keeps a file of scrape targets up to date with the cluster's pods, for Prometheus' file discovery: Debian builds
 * Prometheus without its Kubernetes discovery. Arguments: kubeconfig, file to write.
 */
async function main([kubeconfig, file]: string[]): Promise<void> {
  if (kubeconfig === undefined || file === undefined)
    throw new Error("usage: pod-targets <kubeconfig> <file>");
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const informer = makeInformer(config, "/api/v1/pods", () => api.listPodForAllNamespaces());

  let written = "";
  const write = () => {
    const content = JSON.stringify(informer.list().flatMap(scrapeTargets));
    if (content === written) return;
    written = content;
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
  };
  for (const event of ["add", "update", "delete"] as const) informer.on(event, write);
  informer.on("error", async (error: unknown) => {
    console.error(`watching pods: ${error instanceof Error ? error.message : String(error)}`);
    await sleep(1000);
    await informer.start();
  });
  await informer.start();
  write();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
