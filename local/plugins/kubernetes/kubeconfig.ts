import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { Value } from "../protocol/values";

/** A kubeconfig given as path or as YAML/JSON text; files named in it are relative to its folder. */
export function parseKubeconfig(pathOrContents: string): KubeConfig {
  const config = new KubeConfig();
  const path =
    pathOrContents === "~" || pathOrContents.startsWith("~/")
      ? join(homedir(), pathOrContents.slice(1))
      : pathOrContents;
  const isFile = !path.includes("\n") && existsSync(path) && statSync(path).isFile();
  if (isFile) {
    config.loadFromString(readFileSync(path, "utf8"));
    config.makePathsAbsolute(dirname(path));
  } else {
    config.loadFromString(path);
  }
  if (typeof config.clusters?.length !== "number") {
    throw new Error("it has no list of clusters");
  }
  return config;
}

/** `$KUBECONFIG`, else `~/.kube/config`, else the pod's own service account. */
export function ambientKubeconfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}

export interface KubeconfigOverrides {
  context?: string;
  cluster?: string;
}

/** Makes the overrides the current context, in place. Throws if a name is not in the kubeconfig. */
export function applyOverrides(config: KubeConfig, { context, cluster }: KubeconfigOverrides): void {
  if (context) {
    if (config.getContextObject(context) === null) {
      throw new Error(`context "${context}" does not exist`);
    }
    config.setCurrentContext(context);
  }
  if (cluster) {
    const current = config.getContextObject(config.getCurrentContext());
    if (current === null || config.getCluster(cluster) === null) {
      throw new Error(`cluster "${cluster}" does not exist`);
    }
    config.contexts = config.contexts.map((entry) => (entry === current ? { ...entry, cluster } : entry));
  }
  if (config.getCurrentCluster() === null) {
    throw new Error("invalid configuration: no configuration has been provided for the current context");
  }
}

/** The cluster entry that a provider with these settings talks to, as plain data to compare. */
export function activeCluster(
  kubeconfig: Value | undefined,
  overrides: KubeconfigOverrides,
): Value | undefined {
  if (kubeconfig === undefined || kubeconfig === null || kubeconfig === "") {
    return undefined;
  }
  const config = parseKubeconfig(typeof kubeconfig === "string" ? kubeconfig : JSON.stringify(kubeconfig));
  const context = config.getContextObject(overrides.context ?? config.getCurrentContext());
  const cluster = context && config.getCluster(overrides.cluster ?? context.cluster);
  // Without its name: renaming an entry does not make it another cluster.
  return cluster ? JSON.parse(JSON.stringify({ ...cluster, name: undefined })) : undefined;
}
