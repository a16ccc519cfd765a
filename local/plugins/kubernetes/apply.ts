import { type Bag, list, text } from "../protocol/values";
import { isTrue, patchForce } from "./annotations";
import { isConflict, type PatchType } from "./client";
import { type Cluster, messageOf, objectPath } from "./session";

export interface ApplyOptions {
  fieldManager: string;
  force: boolean;
  preview: boolean;
  signal: AbortSignal;
  fieldValidation?: "Warn";
}

/** A server-side apply; a conflict names the manager and where help is. */
export async function apply(
  cluster: Cluster,
  object: Bag,
  name: string,
  options: ApplyOptions,
): Promise<Bag> {
  const { fieldManager, force, preview, signal, fieldValidation } = options;
  try {
    return await cluster.client.request({
      method: "PATCH",
      path: await objectPath(cluster, object, name),
      query: {
        fieldManager,
        force: String(force),
        ...(preview && { dryRun: "All" }),
        ...(fieldValidation && { fieldValidation }),
      },
      body: object,
      contentType: "application/apply-patch+yaml",
      signal,
    });
  } catch (error) {
    if (!isConflict(error)) {
      throw error;
    }
    const help =
      "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources";
    throw new Error(
      `server-side apply field conflict detected, see ${help} for troubleshooting help\n` +
        `The resource managed by field manager "${fieldManager}" had an apply conflict: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

export async function patch(
  cluster: Cluster,
  object: Bag,
  name: string,
  contentType: PatchType,
  body: unknown,
  signal: AbortSignal,
): Promise<Bag> {
  const path = await objectPath(cluster, object, name);
  return cluster.client.request({ method: "PATCH", path, body, contentType, signal });
}

const ownManagers = ["pulumi-resource-kubernetes", "pulumi-kubernetes", "pulumi-kubernetes.exe"];

/** Whether to take over fields that others own. `live` is absent when the object is being created. */
export function forces(inputs: Bag, live: Bag | undefined, enabled: boolean, preview: boolean): boolean {
  if (isTrue(inputs, patchForce) || enabled) {
    return true;
  }
  if (live === undefined) {
    return preview;
  }
  const managers = list(live, "metadata", "managedFields");
  // A real update first makes the fields of our own creates ours; a preview can't.
  const isCreatedByUs = managers.some(
    (entry) => text(entry, "operation") === "Update" && ownManagers.includes(text(entry, "manager")),
  );
  return managers.length === 0 || (preview && isCreatedByUs);
}
