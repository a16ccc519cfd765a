import { type DeleteRequest, PartialFailure } from "../protocol/plugin";
import { type Bag, text } from "../protocol/values";
import { propagationOf, timeoutOf } from "./annotations";
import { awaitDeleted } from "./await/deleted";
import { AwaitError } from "./await/failures";
import { fromState, initialApiVersionOf, toState } from "./checkpoint";
import { isNotFound } from "./client";
import { NoMatchError } from "./discovery";
import { idOf, isCrd, parseId } from "./objects";
import { fieldManagerOf, objectPath, type Session } from "./session";

/** Deletes with its dependents and waits until it is gone; what is not there, or has no kind, is gone. */
export async function remove(session: Session, request: DeleteRequest): Promise<void> {
  const { urn, id, properties, signal, timeout } = request;
  const { cluster, log, settings, unreachableReason } = session;
  if (cluster === undefined) {
    const unreachable = "configured Kubernetes cluster is unreachable";
    log.message("warning", urn, `${unreachable}: ${unreachableReason}`);
    if (settings.deleteUnreachable) {
      log.message(
        "info",
        urn,
        `${unreachable} and the \`deleteUnreachable\` option is enabled. Deleting the unreachable resource from Pulumi state`,
      );
      return;
    }
    throw new Error(
      `${unreachable}. If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the ` +
        'operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"',
    );
  }
  const { inputs, live } = fromState(properties);
  const { name } = parseId(id);
  try {
    await cluster.client.request({
      method: "DELETE",
      path: await objectPath(cluster, live, name),
      body: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: propagationOf(inputs) },
      signal,
    });
    await awaitDeleted(
      { session, cluster, urn, inputs, live, before: undefined, signal },
      timeoutOf(timeout, inputs),
    );
    log.status("info", urn, "");
  } catch (error) {
    if (isNotFound(error) || error instanceof NoMatchError) {
      return;
    }
    if (!(error instanceof AwaitError)) {
      throw error;
    }
    const state: Bag = toState({
      inputs: live,
      live: error.live,
      secretsFrom: properties,
      initialApiVersion: initialApiVersionOf(properties, inputs) || text(live, "apiVersion"),
      fieldManager: fieldManagerOf(properties, inputs),
    });
    throw new PartialFailure(error.message, idOf(error.live), state, [error.message, ...error.reasons]);
  } finally {
    if (isCrd(live)) {
      cluster.discovery.forget();
    }
  }
}
