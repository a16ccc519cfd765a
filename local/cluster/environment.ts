import { existsSync } from "node:fs";
import { delimiter } from "node:path";
import { kubeconfigPath, pulumiBackendDir, pulumiHome } from "../settings";
import { UserError } from "../user-error";
import { binDir } from "./bin";
import { randomSecret } from "./channels";
import { refuseForeignCluster } from "./owner";
import { usesStandIns } from "./plugin-sources";
import { runningProcesses } from "./process";

/**
 * What plain `pulumi` and `kubectl` need in their environment to work on the embedded cluster, by variable.
 * Throws unless it runs.
 */
export function clusterEnvironment(): Record<string, string> {
  if (!clusterRuns()) {
    throw new UserError("The embedded cluster is not running. Start it with `make cluster`.");
  }
  refuseForeignCluster("Run `make cluster-down` there and `make cluster` here.");
  return {
    ...engineEnvironment(),
    // The engine would otherwise try to download what is not to be had, and prefer it to the stand-ins.
    ...(usesStandIns() ? { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" } : {}),
  };
}

export function clusterRuns(): boolean {
  return existsSync(kubeconfigPath) && runningProcesses().some(({ name }) => name === "kubelet");
}

/** The part of it that the engine needs before the cluster is complete. */
export function engineEnvironment(): Record<string, string> {
  return {
    PATH: [binDir, ...(process.env.PATH ?? "").split(delimiter).filter((dir) => dir !== binDir)].join(
      delimiter,
    ),
    KUBECONFIG: kubeconfigPath,
    PULUMI_HOME: pulumiHome,
    // Without side files: one that a killed engine left half written makes the state unreadable.
    PULUMI_BACKEND_URL: `file://${pulumiBackendDir}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphrasePath(),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}

/** It outlives the cluster: a stack's configuration file that was encrypted with it stays readable. */
export function passphrasePath(): string {
  return randomSecret("pulumi-passphrase").path;
}

/** The same as lines for a POSIX shell to evaluate. */
export function exportLines(environment: Record<string, string>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
}
