import { at, type Bag, isBag, isSecret, plainBag, secret, text } from "../protocol/values";
import { isKind } from "./objects";
import { markSecrets } from "./secrets";

const dashedKeys = new Map(
  [
    "embedded-resource",
    "int-or-string",
    "list-map-keys",
    "list-type",
    "map-type",
    "preserve-unknown-fields",
    "validations",
  ].map((name) => [`x_kubernetes_${name.replaceAll("-", "_")}`, `x-kubernetes-${name}`]),
);
const underscoredKeys = new Map([...dashedKeys].map(([underscored, dashed]) => [dashed, underscored]));

/** Properties of the engine as a Kubernetes object: secrets revealed, `x_kubernetes_…` keys dashed. */
export function toObject(properties: Bag): Bag {
  return plainBag(properties, (key) => dashedKeys.get(key) ?? key);
}

/** The reverse of `toObject`, without secrets. */
export function toProperties(object: Bag): Bag {
  return plainBag(object, (key) => underscoredKeys.get(key) ?? key);
}

export interface Checkpoint {
  /** What was asked for. */
  inputs: Bag;
  /** What the cluster made of it. */
  live: Bag;
  /** Inputs as properties, with the secrets that the state must keep. */
  secretsFrom: Bag;
  initialApiVersion: string;
  fieldManager: string;
}

/** The resource's outputs: the live object, and beside it what the next diff and update need. */
export function toState({ inputs, live, secretsFrom, initialApiVersion, fieldManager }: Checkpoint): Bag {
  const state = toProperties(live);
  const stateInputs = toProperties(inputs);
  markSecrets(state, secretsFrom);
  markSecrets(stateInputs, secretsFrom);
  const stringData = secretsFrom.stringData;
  const data = state.data;
  if (
    isKind(live, "v1", "Secret") &&
    stringData !== undefined &&
    data !== undefined &&
    isSecret(stringData)
  ) {
    state.data = secret(data);
  }
  return {
    ...state,
    __inputs: stateInputs,
    __initialApiVersion: initialApiVersion,
    __fieldManager: fieldManager,
  };
}

/** The inputs and the live object in a resource's outputs. */
export function fromState(state: Bag): { inputs: Bag; live: Bag } {
  const live = toObject(state);
  const inputs = at(live, "__inputs");
  delete live.__inputs;
  return { inputs: isBag(inputs) ? inputs : {}, live };
}

/** The API version that the object was first made with. */
export function initialApiVersionOf(state: Bag, inputs: Bag): string {
  return text(state, "__initialApiVersion") || text(inputs, "apiVersion");
}
