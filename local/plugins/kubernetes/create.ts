import { type CreateRequest, PartialFailure } from "../protocol/plugin";
import { assign, type Bag, containsUnknown, copy, text } from "../protocol/values";
import { apply, forces } from "./apply";
import { describeFailure } from "./await/failures";
import { awaitReady } from "./await/ready";
import { sleep } from "./await/sleep";
import { toObject, toState } from "./checkpoint";
import {
  isAlreadyExists,
  isForbidden,
  isInvalid,
  isNamespaceNotFound,
  isNotFound,
  StatusError,
} from "./client";
import { NoMatchError } from "./discovery";
import { uniqueName } from "./names";
import { apiVersionOf, gvkOfUrn, idOf, isCrd, nameOf } from "./objects";
import { type Cluster, fieldManagerOf, isServed, messageOf, reachable, type Session } from "./session";

const maxRetries = 5;

export async function create(
  session: Session,
  request: CreateRequest,
): Promise<{ id: string; properties: Bag }> {
  const { urn, preview, properties, signal, timeout } = request;
  const inputs = toObject(properties);
  const asGiven = { id: "", properties };
  // Values that are not known yet, and kinds that will only exist after an earlier step, can't be tried.
  if (preview && (containsUnknown(inputs) || !(await isServed(session, inputs)))) {
    return asGiven;
  }
  const cluster = reachable(session);
  const fieldManager = fieldManagerOf(properties, inputs);
  const checkpoint = (live: Bag) =>
    toState({
      inputs,
      live,
      secretsFrom: properties,
      initialApiVersion: text(inputs, "apiVersion"),
      fieldManager,
    });

  let created: Bag;
  try {
    created = await createWithRetries(session, cluster, { ...request, inputs, fieldManager });
  } catch (error) {
    if (preview && isNoPreview(error)) {
      return asGiven;
    }
    throw createError(urn, error);
  }
  if (preview) {
    delete created.status;
    return { id: "", properties: checkpoint(created) };
  }
  session.log.status("info", urn, "");

  const target = { session, cluster, urn, inputs, live: created, before: undefined, signal };
  try {
    const live = await awaitReady(target, timeout);
    session.log.status("info", urn, "");
    return { id: idOf(live), properties: checkpoint(live) };
  } catch (error) {
    const { live, message, reasons } = describeFailure(
      error,
      created,
      (cause) =>
        `resource "${urn}" was successfully created, but the Kubernetes API server ` +
        `reported that it failed to fully initialize or become live: ${cause}`,
    );
    throw new PartialFailure(message, idOf(live), checkpoint(live), reasons);
  } finally {
    if (isCrd(inputs)) {
      cluster.discovery.forget();
    }
  }
}

interface Attempt {
  urn: string;
  inputs: Bag;
  fieldManager: string;
  preview: boolean;
  signal: AbortSignal;
}

/** A namespace or kind that is being made at the same time may appear a little later. */
async function createWithRetries(session: Session, cluster: Cluster, attempt: Attempt): Promise<Bag> {
  for (let tries = 0; ; tries++) {
    try {
      return await createOnce(session, cluster, attempt);
    } catch (error) {
      const mayAppear = isNotFound(error) || error instanceof NoMatchError;
      if (!mayAppear || tries >= maxRetries || (attempt.preview && isNamespaceNotFound(error))) {
        throw error;
      }
      session.log.status("info", attempt.urn, `Retry #${tries}; creation failed: ${messageOf(error)}`);
      await sleep(1000 * 2 ** tries, attempt.signal);
    }
  }
}

async function createOnce(session: Session, cluster: Cluster, attempt: Attempt): Promise<Bag> {
  const { inputs, preview, signal } = attempt;
  if (session.settings.upsertExistingObjects) {
    return upsert(session, cluster, attempt);
  }
  return cluster.client.request({
    method: "POST",
    path: await cluster.discovery.collection(inputs),
    query: { fieldManager: "pulumi-kubernetes", ...(preview && { dryRun: "All" }) },
    body: inputs,
    signal,
  });
}

async function upsert(session: Session, cluster: Cluster, attempt: Attempt): Promise<Bag> {
  const { urn, inputs, preview, fieldManager, signal } = attempt;
  const force = forces(inputs, undefined, session.settings.enablePatchForce, preview);
  const options = { fieldManager, force, preview, signal, fieldValidation: "Warn" } as const;
  try {
    return await apply(cluster, inputs, nameOf(inputs), options);
  } catch (error) {
    if (!preview || !isInvalid(error) || !messageOf(error).includes("field is immutable")) {
      throw error;
    }
    // The old object is still there in a preview of a replacement: try under another name.
    const name = uniqueName(nameOf(inputs));
    session.log.message(
      "info",
      urn,
      `Preview creation failed due to immutable fields; retrying with name "${name}"`,
    );
    const renamed = copy(inputs);
    assign(renamed, ["metadata", "name"], name);
    return apply(cluster, renamed, name, options);
  }
}

/** What keeps a dry run from telling anything, without meaning that the real run will fail. */
function isNoPreview(error: unknown): boolean {
  const isDryRunUnsupported =
    error instanceof StatusError &&
    error.code === 400 &&
    /does not support dry run|dryRun .* disabled/.test(error.message);
  return isForbidden(error) || isNamespaceNotFound(error) || isAlreadyExists(error) || isDryRunUnsupported;
}

function createError(urn: string, error: unknown): Error {
  if (error instanceof NoMatchError) {
    const gvk = gvkOfUrn(urn);
    return new Error(
      `creation of resource "${urn}" with kind ${apiVersionOf(gvk)}/${gvk.kind} failed because the Kubernetes API ` +
        "server reported that the apiVersion for this resource does not exist. " +
        `Verify that any required CRDs have been created: ${error.message}`,
    );
  }
  const cause = isAlreadyExists(error) ? `${messageOf(error)}\n\n${alreadyExistsHelp}` : messageOf(error);
  return new Error(`resource "${urn}" was not successfully created by the Kubernetes API server: ${cause}`);
}

const alreadyExistsHelp = `The resource already exists in the cluster. Either it was renamed in the program (give it an alias), it is
managed elsewhere, it is to be taken over (\`pulumi import\`), or creating it again is meant
(upsertExistingObjects on the provider).`;
