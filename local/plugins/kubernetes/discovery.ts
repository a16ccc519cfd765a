import { type Bag, bag, list, text } from "../protocol/values";
import { type ApiClient, isNotFound } from "./client";
import { apiVersionOf, formatGvk, type Gvk, gvkOf, namespaceOf } from "./objects";

/** The API server knows no such kind: its CustomResourceDefinition may be missing. */
export class NoMatchError extends Error {
  constructor(gvk: Gvk) {
    super(`no matches for kind "${gvk.kind}" in version "${apiVersionOf(gvk)}"`);
    this.name = "NoMatchError";
  }
}

export interface ApiResource {
  plural: string;
  namespaced: boolean;
}

/** Kinds of the API server, by group and version; what was found is kept, what was not is asked again. */
export class Discovery {
  private readonly versions = new Map<string, Promise<Map<string, ApiResource>>>();

  constructor(private readonly client: ApiClient) {}

  /** Throws NoMatchError for a kind that is not served. */
  async resource(gvk: Gvk): Promise<ApiResource> {
    const apiVersion = apiVersionOf(gvk);
    let kinds = this.versions.get(apiVersion);
    if (kinds === undefined) {
      kinds = this.load(apiVersion);
      this.versions.set(apiVersion, kinds);
    }
    let found: ApiResource | undefined;
    try {
      found = (await kinds).get(gvk.kind);
    } finally {
      if (found === undefined) {
        this.versions.delete(apiVersion);
      }
    }
    if (found === undefined) {
      throw new NoMatchError(gvk);
    }
    return found;
  }

  /** The path of an object's collection, in the object's namespace ("default" if it names none). */
  async collection(object: Bag): Promise<string> {
    const gvk = gvkOf(object);
    const { plural, namespaced } = await this.resource(gvk);
    return collectionPath(gvk, plural, namespaced ? namespaceOf(object) || "default" : "");
  }

  /** Ask again for everything, after a CustomResourceDefinition came or went. */
  forget(): void {
    this.versions.clear();
  }

  private async load(apiVersion: string): Promise<Map<string, ApiResource>> {
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    let answer: Bag;
    try {
      answer = await this.client.request({ method: "GET", path });
    } catch (error) {
      if (isNotFound(error)) {
        return new Map();
      }
      throw error;
    }
    const resources = list(answer, "resources")
      .map((entry) => bag(entry))
      .filter((entry) => !text(entry, "name").includes("/"));
    return new Map(
      resources.map((entry) => [
        text(entry, "kind"),
        { plural: text(entry, "name"), namespaced: entry.namespaced === true },
      ]),
    );
  }
}

export function collectionPath(gvk: Gvk, plural: string, namespace: string): string {
  const root = gvk.group === "" ? `/api/${gvk.version}` : `/apis/${apiVersionOf(gvk)}`;
  return namespace === ""
    ? `${root}/${plural}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

const clusterScopedKinds = new Set([
  "Namespace",
  "Node",
  "PersistentVolume",
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "StorageClass",
  "PriorityClass",
  "RuntimeClass",
  "IngressClass",
  "APIService",
  "MutatingWebhookConfiguration",
  "ValidatingWebhookConfiguration",
  "GatewayClass",
]);

/** Whether a kind lives in namespaces; a kind that nobody can tell yet is taken to. */
export async function isNamespaced(gvk: Gvk, discovery: Discovery | undefined): Promise<boolean> {
  if (discovery === undefined) {
    return !clusterScopedKinds.has(gvk.kind);
  }
  try {
    return (await discovery.resource(gvk)).namespaced;
  } catch (error) {
    if (error instanceof NoMatchError) {
      return true;
    }
    throw new Error(
      `API server returned error when asked if resource type ${formatGvk(gvk)} is namespaced: ${error instanceof Error ? error.message : error}`,
    );
  }
}
