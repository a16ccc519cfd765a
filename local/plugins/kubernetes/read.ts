import { PartialFailure, type ReadRequest, type ReadResponse } from "../protocol/plugin";
import { assign, type Bag, copy, remove } from "../protocol/values";
import { isTrue, skipAwait } from "./annotations";
import { describeFailure } from "./await/failures";
import { readStatus } from "./await/ready";
import { fromState, initialApiVersionOf, toObject, toProperties, toState } from "./checkpoint";
import { isNotFound } from "./client";
import { NoMatchError } from "./discovery";
import { isBuiltIn, normalize } from "./normalize";
import { apiVersionOf, gvkOf, gvkOfUrn, nameOf, namespaceOf, parseId, removeReadOnlyFields } from "./objects";
import { prune } from "./prune";
import { markSecrets } from "./secrets";
import { type Cluster, fieldManagerOf, getLive, type Session } from "./session";

/** The live state, for a refresh, or for an import if there were no inputs before. Undefined if it is gone. */
export async function read(session: Session, request: ReadRequest): Promise<ReadResponse | undefined> {
  const { urn, id, properties } = request;
  const cluster = session.cluster;
  if (cluster === undefined) {
    return readUnreachable(session, request);
  }
  const { name, namespace } = parseId(id);
  if (name === "") {
    throw new Error(
      `failed to read resource because of a failure to parse resource name from request ID: ${id}`,
    );
  }
  const inputs = normalize(toObject(request.inputs));
  const { live: oldLive } = fromState(properties);
  const isImport = inputs.kind === undefined && oldLive.kind === undefined;
  if (inputs.kind === undefined) {
    const gvk = isImport ? gvkOfUrn(urn) : gvkOf(oldLive);
    identify(inputs, apiVersionOf(gvk), gvk.kind, name, namespace);
  }

  let live: Bag;
  let failure: unknown;
  try {
    live = await getLive(cluster, inputs, name, request.signal);
    if (!isImport && !isTrue(inputs, skipAwait)) {
      ({ live, failure } = await status(session, cluster, request, live));
    }
  } catch (error) {
    if (isNotFound(error) || error instanceof NoMatchError) {
      return undefined;
    }
    throw error;
  }

  const liveInputs = isImport ? importedInputs(live, inputs) : prune(live, inputs);
  const state = toState({
    inputs: liveInputs,
    live,
    secretsFrom: request.inputs,
    initialApiVersion: initialApiVersionOf(properties, inputs),
    fieldManager: fieldManagerOf(properties, inputs),
  });
  const inputProperties = isImport ? toProperties(liveInputs) : copy(liveInputs);
  markSecrets(inputProperties, request.inputs);
  if (failure !== undefined) {
    const { message, reasons } = describeFailure(failure, live, (cause) => cause);
    throw new PartialFailure(message, id, state, reasons, inputProperties);
  }
  return { id, properties: state, inputs: inputProperties };
}

function identify(inputs: Bag, apiVersion: string, kind: string, name: string, namespace: string): void {
  inputs.apiVersion = apiVersion;
  inputs.kind = kind;
  if (nameOf(inputs) === "") {
    assign(inputs, ["metadata", "name"], name);
  }
  if (namespaceOf(inputs) === "" && namespace !== "") {
    assign(inputs, ["metadata", "namespace"], namespace);
  }
}

/** An object that exists but is not ready is read all the same, with what is wrong with it. */
async function status(session: Session, cluster: Cluster, { urn, signal }: ReadRequest, live: Bag) {
  try {
    await readStatus({ session, cluster, urn, inputs: live, live, before: undefined, signal });
    return { live: await getLive(cluster, live, nameOf(live), signal).catch(() => live), failure: undefined };
  } catch (failure) {
    return { live, failure };
  }
}

/** What an author would have written to get this object. A custom resource's fields are not known. */
function importedInputs(live: Bag, identity: Bag): Bag {
  const inputs = prune(live, identity);
  if (isBuiltIn(live)) {
    for (const [key, value] of Object.entries(live)) {
      if (key !== "status") {
        inputs[key] = copy(value);
      }
    }
  }
  removeReadOnlyFields(inputs);
  remove(inputs, "metadata", "annotations", "deployment.kubernetes.io/revision");
  remove(inputs, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration");
  return inputs;
}

function readUnreachable(
  session: Session,
  { urn, id, properties, inputs }: ReadRequest,
): ReadResponse | undefined {
  const { log, settings, unreachableReason } = session;
  const unreachable = "configured Kubernetes cluster is unreachable";
  log.message("warning", urn, `${unreachable}: ${unreachableReason}`);
  if (settings.deleteUnreachable) {
    log.message(
      "info",
      urn,
      `${unreachable} and the \`deleteUnreachable\` option is enabled. Deleting the unreachable resource from Pulumi state`,
    );
    return undefined;
  }
  if (settings.skipUpdateUnreachable) {
    log.message(
      "info",
      urn,
      `${unreachable} and the \`skipUnreachable\` option is enabled. Returned data could not reflect the actual cluster configuration.`,
    );
    return { id, properties, inputs };
  }
  throw new Error(
    "failed to read resource state due to unreachable cluster. If the cluster was deleted, you can remove this " +
      "resource from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment " +
      'variable set to "true"',
  );
}
