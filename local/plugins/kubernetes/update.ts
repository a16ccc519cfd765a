import { PartialFailure, type UpdateRequest } from "../protocol/plugin";
import { assign, type Bag, containsUnknown } from "../protocol/values";
import { apply, forces, patch } from "./apply";
import { describeFailure } from "./await/failures";
import { awaitReady } from "./await/ready";
import { fromState, initialApiVersionOf, toObject, toState } from "./checkpoint";
import { isForbidden, resourceVersion } from "./client";
import { NoMatchError } from "./discovery";
import { adoptManagedFields, applyIgnoredChanges } from "./fieldManagers";
import { normalize } from "./normalize";
import { apiVersionOf, gvkOf, idOf, isCrd, nameOf, namespaceOf } from "./objects";
import {
  type Cluster,
  fieldManagerOf,
  getLive,
  isServed,
  messageOf,
  objectPath,
  reachable,
  type Session,
} from "./session";

export async function update(session: Session, request: UpdateRequest): Promise<{ properties: Bag }> {
  const { urn, olds, news, preview, signal, timeout } = request;
  const inputs = normalize(toObject(news));
  if (preview && (containsUnknown(inputs) || !(await isServed(session, inputs)))) {
    return { properties: news };
  }
  const cluster = reachable(session);
  const { inputs: oldInputs, live: oldLive } = fromState(olds);
  const fieldManager = fieldManagerOf(olds, inputs);
  const checkpoint = (live: Bag) =>
    toState({
      inputs,
      live,
      secretsFrom: news,
      initialApiVersion: initialApiVersionOf(olds, oldInputs),
      fieldManager,
    });

  let updated: Bag;
  try {
    const before = await getLive(cluster, inputs, nameOf(oldLive), signal);
    updated = await write(session, cluster, { inputs, before, fieldManager, request });
    if (!preview) {
      const target = { session, cluster, urn, inputs, live: updated, before, signal };
      updated = await awaitReady(target, timeout);
      session.log.status("info", urn, "");
    }
  } catch (error) {
    if (preview && isForbidden(error)) {
      return { properties: news };
    }
    if (error instanceof NoMatchError) {
      throw new Error(
        `update of resource "${urn}" failed because the Kubernetes API server reported that the apiVersion for ` +
          `this resource does not exist. Verify that any required CRDs have been created: ${error.message}`,
      );
    }
    const live = await getLive(cluster, oldLive, nameOf(oldLive)).catch((cause) => {
      throw new Error(
        `update of resource "${urn}" failed: ${messageOf(error)}\nunable to get cluster state: ${messageOf(cause)}`,
      );
    });
    const { message, reasons } = describeFailure(
      error,
      live,
      (cause) =>
        `the Kubernetes API server reported that "${idOf(live)}" failed to fully initialize or become live: ${cause}`,
    );
    throw new PartialFailure(message, idOf(live), checkpoint(live), reasons);
  }
  const oldManager = fieldManagerOf(olds, oldInputs);
  if (!preview && oldManager !== fieldManager) {
    await relinquish(cluster, updated, oldManager, signal);
  }
  return { properties: checkpoint(updated) };
}

interface Write {
  inputs: Bag;
  before: Bag;
  fieldManager: string;
  request: UpdateRequest;
}

async function write(
  session: Session,
  cluster: Cluster,
  { inputs, before, fieldManager, request }: Write,
): Promise<Bag> {
  const { preview, signal, ignoreChanges } = request;
  const name = nameOf(before);
  if (isCrd(inputs)) {
    assign(inputs, ["metadata", "resourceVersion"], resourceVersion(before));
    const path = await objectPath(cluster, inputs, name);
    const query = { fieldManager, ...(preview && { dryRun: "All" }) };
    return cluster.client.request({ method: "PUT", path, query, body: inputs, signal });
  }
  let live = before;
  const managedFields = preview ? undefined : adoptManagedFields(before, fieldManager);
  if (managedFields !== undefined) {
    const operations = [{ op: "replace", path: "/metadata/managedFields", value: managedFields }];
    live = await patch(cluster, before, name, "application/json-patch+json", operations, signal);
  }
  applyIgnoredChanges(inputs, live, ignoreChanges, fieldManager);
  const force = forces(inputs, live, session.settings.enablePatchForce, preview);
  return apply(cluster, inputs, name, { fieldManager, force, preview, signal });
}

/** Gives up all fields of a manager. */
async function relinquish(
  cluster: Cluster,
  object: Bag,
  fieldManager: string,
  signal: AbortSignal,
): Promise<void> {
  const gvk = gvkOf(object);
  const metadata: Bag = { name: nameOf(object) };
  if (namespaceOf(object) !== "") {
    metadata.namespace = namespaceOf(object);
  }
  const identity = { apiVersion: apiVersionOf(gvk), kind: gvk.kind, metadata };
  await apply(cluster, identity, nameOf(object), { fieldManager, force: false, preview: false, signal });
}
