import type { DiffRequest, DiffResponse } from "../protocol/plugin";
import { assign, type Bag, remove } from "../protocol/values";
import { isTrue, replaceUnready } from "./annotations";
import { isJobComplete } from "./await/jobChecks";
import { fromState, toObject } from "./checkpoint";
import { covers, detailedDiff, parsePath } from "./detailedDiff";
import { isNamespaced } from "./discovery";
import { forceNewFields } from "./forceNew";
import { mergePatch } from "./mergePatch";
import { isAutonamed, isNamed } from "./names";
import { normalize } from "./normalize";
import { apiVersionOf, gvkOf, nameOf, namespaceOf } from "./objects";
import { prune } from "./prune";
import { getLive, type Session } from "./session";

/**
 * Compares new inputs with the live object as it was last seen, cut down to the shape of the old inputs:
 * what the cluster adds is no difference, what it changed is one.
 */
export async function diff(session: Session, request: DiffRequest): Promise<DiffResponse> {
  const { inputs: rawOldInputs, live } = fromState(request.olds);
  const oldInputs = normalize(rawOldInputs);
  const inputs = normalize(toObject(request.news));
  const pruned = prune(live, oldInputs);
  await align(session, inputs, pruned, live);

  const patch = mergePatch(pruned, inputs);
  const changes =
    Object.keys(patch).length === 0
      ? {}
      : detailedDiff(patch, pruned, inputs, forceNewFields(inputs, session.settings.mutable));
  const ignored = request.ignoreChanges.map(parsePath);
  for (const path of Object.keys(changes)) {
    if (ignored.some((prefix) => covers(prefix, parsePath(path)))) {
      delete changes[path];
    }
  }
  const replaces = Object.entries(changes)
    .filter(([path, { kind }]) => kind.endsWith("-replace") || (kind === "delete" && path === "metadata"))
    .map(([path]) => path);
  let hasChanges = Object.keys(changes).length > 0;
  if (await isUnready(session, request.urn, inputs, live)) {
    hasChanges = true;
    replaces.push(`.metadata.annotations["${replaceUnready}"]`);
  }

  return {
    changes: hasChanges,
    replaces,
    // Only where the new object must have the old one's name can it not be made first.
    deleteBeforeReplace:
      replaces.length > 0 &&
      isNamed(inputs) &&
      !isAutonamed(inputs) &&
      nameOf(inputs) === nameOf(live) &&
      namespaceOf(inputs) === namespaceOf(live),
    detailedDiff: changes,
  };
}

/** Evens out, in place, what may be written or left out without a difference. */
async function align({ cluster }: Session, inputs: Bag, pruned: Bag, live: Bag): Promise<void> {
  const gvk = gvkOf(inputs);
  if (await isNamespaced(gvk, cluster?.discovery)) {
    for (const object of [inputs, pruned]) {
      assign(object, ["metadata", "namespace"], namespaceOf(object) || "default");
    }
  } else {
    remove(inputs, "metadata", "namespace");
    remove(pruned, "metadata", "namespace");
  }
  if (pruned.apiVersion === undefined && pruned.kind === undefined) {
    pruned.apiVersion = apiVersionOf(gvk);
    pruned.kind = gvk.kind;
  }
  remove(pruned, "metadata", "resourceVersion");
  if (nameOf(inputs) !== "") {
    assign(pruned, ["metadata", "name"], nameOf(live));
  }
}

/** True for a Job that is annotated to be replaced when it has not completed, and has not. */
async function isUnready({ cluster, log }: Session, urn: string, inputs: Bag, live: Bag): Promise<boolean> {
  if (!isTrue(inputs, replaceUnready)) {
    return false;
  }
  if (cluster === undefined) {
    log.message("warning", urn, "Cluster is unreachable, skipping replaceUnready check");
    return false;
  }
  if (inputs.kind !== "Job") {
    log.message("warning", urn, "replaceUnready annotation is not supported for this resource");
    return false;
  }
  try {
    return !isJobComplete(await getLive(cluster, live, nameOf(live)));
  } catch {
    return false;
  }
}
