import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ports, stateDir } from "../settings";
import { pkiDir } from "./control-plane";
import { kubectl } from "./kubectl";

/** What a service of the host may do in the cluster, and under which name. */
export interface Identity {
  name: string;
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

const namespace = "release-channels";

/** Objects that give each service an account of its own with just the rights it needs. */
export function identityObjects(identities: Identity[]): object[] {
  const account = (name: string) => ({ kind: "ServiceAccount", name, namespace });
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    ...identities.flatMap(({ name, rules }) => [
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name: `${namespace}-${name}` },
        rules,
      },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: `${namespace}-${name}` },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: `${namespace}-${name}` },
        subjects: [account(name)],
      },
    ]),
  ];
}

/** Kubeconfig file of an identity, with a token that lasts as long as a cluster reasonably does. */
export async function identityKubeconfig({ name }: Identity): Promise<string> {
  const path = join(stateDir, `${name}.kubeconfig`);
  if (existsSync(path)) return path;
  const token = await kubectl(["create", "token", name, "--namespace", namespace, "--duration", "8760h"]);
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: namespace,
        cluster: {
          server: `https://127.0.0.1:${ports.apiServer}`,
          "certificate-authority-data": readFileSync(join(pkiDir, "ca.crt")).toString("base64"),
        },
      },
    ],
    users: [{ name, user: { token: token.trim() } }],
    contexts: [{ name, context: { cluster: namespace, user: name } }],
    "current-context": name,
  };
  writeFileSync(path, JSON.stringify(kubeconfig, null, 2), { mode: 0o600 });
  return path;
}
