import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { z } from "zod";
import { gateway, gatewayUrl, ports, stateDir } from "../settings";
import type { Tools } from "../tools/install";
import { type Identity, identityKubeconfig } from "./identity";
import { apply, kubectl } from "./kubectl";
import { ensureProcess } from "./process";
import { answers, waitFor } from "./wait";

const gatewayApi = "gateway.networking.k8s.io";
const read = ["get", "list", "watch"];

/** Traefik reads routes, Services and their endpoints, and writes routes' status. Its informers need Secrets and ConfigMaps too (TLS). */
export const traefikIdentity: Identity = {
  name: "traefik",
  rules: [
    { apiGroups: [""], resources: ["namespaces", "services", "secrets", "configmaps"], verbs: read },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
    {
      apiGroups: [gatewayApi],
      resources: [
        "gatewayclasses",
        "gateways",
        "httproutes",
        "grpcroutes",
        "referencegrants",
        "backendtlspolicies",
      ],
      verbs: read,
    },
    {
      apiGroups: [gatewayApi],
      resources: ["gatewayclasses", "gateways", "httproutes", "grpcroutes", "backendtlspolicies"].map(
        (name) => `${name}/status`,
      ),
      verbs: ["update"],
    },
  ],
};

/** The Gateway API's resource definitions, of the standard channel. */
export function gatewayApiObjects({ gatewayApiDir }: Tools): object[] {
  return readdirSync(gatewayApiDir)
    .filter((name) => name.startsWith(gatewayApi))
    .flatMap((name) => parseAllDocuments(readFileSync(join(gatewayApiDir, name), "utf8")))
    .map((document) => z.looseObject({}).parse(document.toJS()));
}

/** Traefik as a process of the host, serving the shared Gateway on loopback. */
export async function ensureGateway({ programs }: Tools): Promise<void> {
  const definitions = ["gatewayclasses", "gateways", "httproutes"].map((name) => `${name}.${gatewayApi}`);
  await kubectl(["wait", "--for=condition=Established", "--timeout=30s", "crd", ...definitions]);
  await apply(gatewayObjects());
  const configuration = stringify(traefikConfiguration());
  const path = join(stateDir, "traefik.yaml");
  writeFileSync(path, configuration);
  await ensureProcess({
    name: "traefik",
    command: [programs.traefik, `--configFile=${path}`],
    environment: { KUBECONFIG: await identityKubeconfig(traefikIdentity) },
    configuration,
  });
  await waitFor({
    what: "Traefik answers and has taken the Gateway",
    process: "traefik",
    seconds: 60,
    check: async () => {
      const query = "jsonpath={.status.conditions[?(@.type=='Programmed')].status}";
      const programmed = await kubectl([
        "get",
        "gateway",
        gateway.name,
        "-n",
        gateway.namespace,
        "--output",
        query,
      ]);
      const response = await fetch(gatewayUrl, { signal: AbortSignal.timeout(2000) });
      return (
        programmed === "True" &&
        response.status === 404 &&
        (await answers(`http://127.0.0.1:${ports.gatewayMetrics}/ping`))
      );
    },
  });
}

function gatewayObjects(): object[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: gateway.namespace } },
    {
      apiVersion: `${gatewayApi}/v1`,
      kind: "GatewayClass",
      metadata: { name: "traefik" },
      spec: { controllerName: "traefik.io/gateway-controller" },
    },
    {
      apiVersion: `${gatewayApi}/v1`,
      kind: "Gateway",
      metadata: { name: gateway.name, namespace: gateway.namespace },
      spec: {
        gatewayClassName: "traefik",
        listeners: [
          {
            name: gateway.listener,
            port: ports.gateway,
            protocol: "HTTP",
            allowedRoutes: { namespaces: { from: "All" } },
          },
        ],
      },
    },
  ];
}

function traefikConfiguration(): unknown {
  return {
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    entryPoints: {
      web: { address: `127.0.0.1:${ports.gateway}` },
      metrics: { address: `127.0.0.1:${ports.gatewayMetrics}` },
    },
    // The default, two seconds between changes, is what a user of weights would wait for.
    providers: {
      providersThrottleDuration: "50ms",
      kubernetesGateway: { statusAddress: { ip: "127.0.0.1" } },
    },
    metrics: {
      prometheus: {
        entryPoint: "metrics",
        addEntryPointsLabels: true,
        addRoutersLabels: true,
        addServicesLabels: true,
      },
    },
    ping: { entryPoint: "metrics" },
    log: { level: "INFO", noColor: true },
  };
}
