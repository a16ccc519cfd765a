import { at, type Bag, bag, list, remove, text } from "../protocol/values";

/** Group, version and kind; the core group is "". */
export interface Gvk {
  group: string;
  version: string;
  kind: string;
}

export function gvkOf(object: Bag): Gvk {
  const apiVersion = text(object, "apiVersion");
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/", 2) : ["", apiVersion];
  return { group: group === "core" ? "" : (group ?? ""), version: version ?? "", kind: text(object, "kind") };
}

/** The kind named by a type such as `kubernetes:apps/v1:Deployment` at the end of a URN. */
export function gvkOfUrn(urn: string): Gvk {
  const type = (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
  const [provider, module, kind] = type.split(":");
  const [group, version, ...rest] = (module ?? "").split("/");
  if (provider !== "kubernetes") {
    throw new Error(`unrecognized resource type: "${type}" for this provider`);
  }
  if (!kind || !group || !version || rest.length > 0) {
    throw new Error(`apiVersion does not have both a group and a version: "${module}"`);
  }
  return { group: group === "core" ? "" : group, version, kind };
}

export function apiVersionOf({ group, version }: Gvk): string {
  return group === "" ? version : `${group}/${version}`;
}

/** As the official messages print it, e.g. `apps/v1, Kind=Deployment`. */
export function formatGvk(gvk: Gvk): string {
  return `${apiVersionOf(gvk)}, Kind=${gvk.kind}`;
}

export function nameOfUrn(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

export const nameOf = (object: Bag) => text(object, "metadata", "name");
export const namespaceOf = (object: Bag) => text(object, "metadata", "namespace");
export const uidOf = (object: Bag) => text(object, "metadata", "uid");

/** `namespace/name`, or the name alone of a cluster-scoped object. */
export function idOf(object: Bag): string {
  const namespace = namespaceOf(object);
  return namespace === "" ? nameOf(object) : `${namespace}/${nameOf(object)}`;
}

export function parseId(id: string): { namespace: string; name: string } {
  const parts = id.split("/");
  return parts.length === 1
    ? { namespace: "", name: parts[0] ?? "" }
    : { namespace: parts[0] ?? "", name: parts[1] ?? "" };
}

export function isKind(object: Bag, apiVersion: string, kind: string): boolean {
  return object.apiVersion === apiVersion && object.kind === kind;
}

export const isCrd = (object: Bag) =>
  object.kind === "CustomResourceDefinition" &&
  text(object, "apiVersion").startsWith("apiextensions.k8s.io/");

/** True if `owner` is among the object's direct owners. */
export function isOwnedBy(object: Bag, owner: Bag | undefined): boolean {
  return (
    owner !== undefined &&
    list(object, "metadata", "ownerReferences").some((reference) => at(reference, "uid") === uidOf(owner))
  );
}

/** The condition of that type in `.status.conditions`. */
export function condition(object: Bag, type: string): Bag | undefined {
  const found = list(object, "status", "conditions").find((entry) => at(entry, "type") === type);
  return found === undefined ? undefined : bag(found);
}

const readOnlyMetadata = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "uid",
];

/** Removes what only the server sets, in place. */
export function removeReadOnlyFields(object: Bag): void {
  for (const field of readOnlyMetadata) {
    remove(object, "metadata", field);
  }
}
