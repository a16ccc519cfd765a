import type {
  CheckRequest,
  CheckResponse,
  ConfigureRequest,
  DiffRequest,
  DiffResponse,
  EngineLog,
} from "../protocol/plugin";
import { type Bag, equal, isUnknown, plainBag, text, type Value } from "../protocol/values";
import { ApiClient } from "./client";
import { Discovery } from "./discovery";
import { activeCluster, ambientKubeconfig, applyOverrides, parseKubeconfig } from "./kubeconfig";
import { messageOf, type Session, type Settings } from "./session";

/** Settings of the official provider that these stand-ins can't honour, and what they would mean. */
const unsupported: Record<string, (value: Value | undefined) => boolean> = {
  renderYamlToDirectory: (value) => value !== undefined && value !== null && value !== "",
  enableServerSideApply: (value) => value === false || value === "false",
};

export async function checkConfig({ news }: CheckRequest): Promise<CheckResponse> {
  const failures = Object.entries(unsupported)
    .filter(([property, isUsed]) => isUsed(plainBag(news)[property]))
    .map(([property]) => ({
      property,
      reason: `this setting needs the official kubernetes plugin; the one in use is its stand-in`,
    }));
  return { inputs: news, failures };
}

/**
 * A provider is replaced, and everything in it, when it points to another cluster: told by
 * `clusterIdentifier` where one is set before and after, else by the kubeconfig's active cluster.
 */
export async function diffConfig(request: DiffRequest): Promise<DiffResponse> {
  const olds = plainBag(request.olds);
  const news = plainBag(request.news);
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  const diffs = keys.filter((key) => !equal(olds[key], news[key])).sort();
  if (diffs.length === 0) {
    return { changes: false, replaces: [] };
  }
  const identifier = text(news, "clusterIdentifier");
  const oldIdentifier = text(olds, "clusterIdentifier");
  if (identifier !== "" && identifier === oldIdentifier) {
    return { changes: true, diffs, replaces: [] };
  }
  const replaces = identifier !== "" && oldIdentifier !== "" ? ["clusterIdentifier"] : [];
  const locators = ["kubeconfig", "context", "cluster"];
  const computed = locators.find((key) => isUnknown(news[key]));
  if (computed !== undefined) {
    return { changes: true, diffs: [computed], replaces: [...replaces, computed] };
  }
  const before = activeCluster(olds.kubeconfig, overridesOf(olds));
  const after = activeCluster(news.kubeconfig, overridesOf(news));
  if (before !== undefined && after !== undefined && !equal(before, after)) {
    replaces.push(...locators.filter((key) => diffs.includes(key)));
  }
  return { changes: true, diffs, replaces };
}

const overridesOf = (config: Bag) => ({
  context: text(config, "context") || undefined,
  cluster: text(config, "cluster") || undefined,
});

export async function configure({ variables }: ConfigureRequest, log: EngineLog): Promise<Session> {
  const variable = (name: string) => variables[`kubernetes:config:${name}`];
  const flag = (name: string, environment: string) => (variable(name) ?? process.env[environment]) === "true";
  const settings: Settings = {
    defaultNamespace: variable("namespace") ?? "",
    deleteUnreachable: flag("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
    skipUpdateUnreachable: flag("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"),
    enablePatchForce: flag("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
    upsertExistingObjects: flag("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
    mutable: {
      configMaps: flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
      secrets: flag("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
    },
  };
  const unreachable = (reason: string): Session => ({
    log,
    settings,
    cluster: undefined,
    unreachableReason: reason,
  });

  const given = variable("kubeconfig");
  let client: ApiClient;
  try {
    const kubeconfig = given ? parseKubeconfig(given) : ambientKubeconfig();
    applyOverrides(kubeconfig, { context: variable("context"), cluster: variable("cluster") });
    const context = kubeconfig.getContextObject(kubeconfig.getCurrentContext());
    settings.defaultNamespace ||= context?.namespace || "default";
    client = new ApiClient(kubeconfig);
  } catch (error) {
    return unreachable(
      given
        ? `failed to parse kubeconfig data in \`kubernetes:config:kubeconfig\`- ${messageOf(error)}`
        : `unable to load Kubernetes client configuration from kubeconfig file: ${messageOf(error)}`,
    );
  }
  try {
    await client.request({ method: "GET", path: "/version", signal: AbortSignal.timeout(20_000) });
  } catch (error) {
    return unreachable(`unable to load schema information from the API server: ${messageOf(error)}`);
  }
  return { log, settings, cluster: { client, discovery: new Discovery(client) }, unreachableReason: "" };
}
