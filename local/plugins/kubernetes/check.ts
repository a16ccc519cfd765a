import type { CheckRequest, CheckResponse } from "../protocol/plugin";
import { assign, bag } from "../protocol/values";
import { autonamed } from "./annotations";
import { toObject } from "./checkpoint";
import { isNamespaced } from "./discovery";
import { adoptName, assignName, isGenerateName } from "./names";
import { normalize } from "./normalize";
import { gvkOfUrn, namespaceOf } from "./objects";
import { markSecrets } from "./secrets";
import type { Session } from "./session";

/** Inputs as they will be sent: normalized, named, in a namespace, with what is secret marked. */
export async function check(session: Session, request: CheckRequest): Promise<CheckResponse> {
  const { urn, olds, news } = request;
  const { settings, cluster, log } = session;
  if (cluster === undefined && settings.skipUpdateUnreachable) {
    const message = "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping...";
    log.message("warning", urn, message);
    return { inputs: olds, failures: [] };
  }
  const gvk = gvkOfUrn(urn);
  if (gvk.kind.endsWith("Patch") || gvk.kind.endsWith("List")) {
    throw new Error(`${gvk.kind} needs the official kubernetes plugin; the one in use is its stand-in`);
  }
  const inputs = normalize(toObject(news));
  for (const key of Object.keys(bag(inputs, "metadata", "annotations"))) {
    if (key.startsWith(autonamed)) {
      log.message("warning", urn, `ignoring user-specified value for internal annotation "${key}"`);
    }
  }
  if (Object.keys(olds).length > 0) {
    adoptName(inputs, toObject(olds));
  } else {
    assignName(inputs, request);
  }
  if (isGenerateName(inputs)) {
    throw new Error("the `.metadata.generateName` field is not supported in Server-Side Apply mode");
  }
  const hasNamespace = namespaceOf(inputs) !== "";
  if (!hasNamespace && settings.defaultNamespace !== "" && (await isNamespaced(gvk, cluster?.discovery))) {
    assign(inputs, ["metadata", "namespace"], settings.defaultNamespace);
  }
  markSecrets(inputs, news);
  return { inputs, failures: [] };
}
