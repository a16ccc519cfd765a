import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { locate } from "../debian/requirements";
import { ports, projectDir, prometheusUrl, scrapeIntervalSeconds, stateDir } from "../settings";
import { type Identity, identityKubeconfig } from "./identity";
import { ensureProcess } from "./process";
import { answers, waitFor } from "./wait";

export const prometheusIdentity: Identity = {
  name: "prometheus",
  rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
};

const targetsFile = join(stateDir, "pod-targets.json");

/** Prometheus as a process of the host, scraping the gateway and every pod that asks for it by annotation. */
export async function ensurePrometheus(): Promise<void> {
  const sourceDir = join(projectDir, "local", "cluster");
  const sources = ["pod-targets.ts", "scrape-targets.ts"].map((name) =>
    readFileSync(join(sourceDir, name), "utf8"),
  );
  await ensureProcess({
    name: "pod-targets",
    command: [
      process.execPath,
      join(projectDir, "run.cjs"),
      join(sourceDir, "pod-targets.ts"),
      await identityKubeconfig(prometheusIdentity),
      targetsFile,
    ],
    configuration: sources.join(""),
  });
  const configuration = stringify(prometheusConfiguration());
  const path = join(stateDir, "prometheus.yaml");
  writeFileSync(path, configuration);
  await ensureProcess({
    name: "prometheus",
    command: [
      locate("prometheus"),
      `--config.file=${path}`,
      `--storage.tsdb.path=${join(stateDir, "prometheus")}`,
      "--storage.tsdb.retention.time=2d",
      `--web.listen-address=127.0.0.1:${ports.prometheus}`,
    ],
    configuration,
  });
  await waitFor({
    what: "Prometheus is ready",
    process: "prometheus",
    seconds: 60,
    check: () => answers(`${prometheusUrl}/-/ready`),
  });
  await waitFor({
    what: "the pods to scrape are known",
    process: "pod-targets",
    seconds: 30,
    check: async () => existsSync(targetsFile),
  });
}

function prometheusConfiguration(): unknown {
  const interval = `${scrapeIntervalSeconds}s`;
  return {
    global: { scrape_interval: interval, scrape_timeout: interval },
    scrape_configs: [
      { job_name: "gateway", static_configs: [{ targets: [`127.0.0.1:${ports.gatewayMetrics}`] }] },
      // A change of the file is noticed at once; the interval is for what file notifications miss.
      { job_name: "pods", file_sd_configs: [{ files: [targetsFile], refresh_interval: "10s" }] },
    ],
  };
}
