import { type Bag, bag, containsUnknown, copy, isBag, remove, type Value } from "../protocol/values";
import { gvkOf, isCrd, isKind, removeReadOnlyFields } from "./objects";
import { canonicalQuantity } from "./quantity";

const builtInGroups = new Set([
  "",
  "apps",
  "autoscaling",
  "batch",
  "extensions",
  "policy",
  ...[
    "admissionregistration",
    "apiextensions",
    "apiregistration",
    "authentication",
    "authorization",
    "certificates",
    "coordination",
    "discovery",
    "events",
    "flowcontrol.apiserver",
    "networking",
    "node",
    "rbac.authorization",
    "resource",
    "scheduling",
    "storage",
  ].map((group) => `${group}.k8s.io`),
]);

/** True for kinds that are part of Kubernetes, false for custom resources. */
export function isBuiltIn(object: Bag): boolean {
  return builtInGroups.has(gvkOf(object).group);
}

/**
 * Inputs in the form in which the cluster will return them, so that two ways to write the same object are
 * no difference. Custom resources, and objects with values that are not known yet, stay as written.
 */
export function normalize(inputs: Bag): Bag {
  const object =
    containsUnknown(inputs) || !isBuiltIn(inputs) ? copy(inputs) : normalizeBuiltIn(copy(inputs));
  removeReadOnlyFields(object);
  return object;
}

function normalizeBuiltIn(object: Bag): Bag {
  if (isCrd(object)) {
    if (bag(object, "spec").preserveUnknownFields === false) {
      remove(object, "spec", "preserveUnknownFields");
    }
    remove(object, "status");
    return object;
  }
  if (isKind(object, "v1", "Secret")) {
    return normalizeSecret(object);
  }
  if (isKind(object, "v1", "ConfigMap")) {
    return object;
  }
  const normalized = normalizeValue(object, "");
  return isBag(normalized) ? normalized : object;
}

/** `stringData` wins over `data`, and both are stored as base64 in `data`. */
function normalizeSecret(secret: Bag): Bag {
  const data = bag(secret, "data");
  const strings = Object.entries(bag(secret, "stringData"));
  if (strings.length > 0) {
    for (const [key, value] of strings) {
      data[key] = Buffer.from(String(value), "utf8").toString("base64");
    }
    secret.data = data;
    delete secret.stringData;
    return secret;
  }
  for (const [key, value] of Object.entries(data)) {
    if (typeof value === "string") {
      data[key] = Buffer.from(value, "base64").toString("base64");
    }
  }
  return secret;
}

/** Maps from a resource's name to a quantity, and single fields that hold one. */
const quantityMaps = new Set(["limits", "requests", "hard", "capacity", "overhead"]);
const quantityFields = new Set(["sizeLimit", "divisor", "averageValue"]);

/** Maps of strings, whose keys are the user's and whose values are kept as they are. */
const stringMaps = new Set([
  "labels",
  "annotations",
  "matchLabels",
  "nodeSelector",
  "selector",
  "parameters",
]);

/** Fields that the server leaves out when they are false, zero or empty. */
const omittedWhenZero = new Set(
  [
    "clusterIP dnsPolicy failureThreshold host hostIPC hostNetwork hostPID hostPort hostname image",
    "imagePullPolicy initialDelaySeconds minReadySeconds namespace nodeName nodePort paused periodSeconds",
    "priorityClassName protocol publishNotReadyAddresses readOnly restartPolicy schedulerName scheme",
    "serviceAccountName sessionAffinity stdin stdinOnce subPath subdomain successThreshold",
    "terminationMessagePath terminationMessagePolicy timeoutSeconds tty type value workingDir",
  ].flatMap((line) => line.split(" ")),
);

function isOmitted(key: string, value: Value): boolean {
  if (Array.isArray(value)) {
    return value.length === 0;
  }
  if (isBag(value)) {
    return stringMaps.has(key) && Object.keys(value).length === 0;
  }
  return !value && omittedWhenZero.has(key);
}

function normalizeValue(value: Value, key: string): Value {
  if (Array.isArray(value)) {
    return value.map((element) => normalizeValue(element, ""));
  }
  if (isBag(value)) {
    if (stringMaps.has(key) && Object.values(value).every((element) => typeof element === "string")) {
      return value;
    }
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name, element]) => !isOmitted(name, element))
        .map(([name, element]) => [
          name,
          quantityMaps.has(key) ? normalizeQuantity(element) : normalizeValue(element, name),
        ]),
    );
  }
  return quantityFields.has(key) ? normalizeQuantity(value) : value;
}

function normalizeQuantity(value: Value): Value {
  return typeof value === "string" || typeof value === "number" ? canonicalQuantity(value) : value;
}
