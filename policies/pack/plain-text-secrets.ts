import type { ResourceValidationPolicy } from "@pulumi/policy";
import { mirrorName } from "../../rollout/labels";
import { privateKeyBlock, urlWithPassword } from "../../rollout/secret-text";
import type { Judgements } from "./judgements";
import { objectPolicy } from "./object-policy";
import { configMap, containersOf, types, workload } from "./objects";

const secretWords = new Set([
  "PASSWORD",
  "PASSWD",
  "PASSPHRASE",
  "TOKEN",
  "TOKENS",
  "SECRET",
  "SECRETS",
  "CREDENTIAL",
  "CREDENTIALS",
  "KEY",
  "KEYS",
  "APIKEY",
  "DSN",
]);

/** `DATABASE_URL`, also behind a prefix. */
const databaseAddress = /(^|_)DATABASE_URL$/;
/** Names where the secret is, or what it is called; or what everybody may know. */
const onlyRefers = /_(FILE|PATH|NAME|ID)$|(^|_)PUBLIC(_|$)/;

/** Secrets reach a pod by reference, from a Secret: they are in no state, no ConfigMap and no diff. */
export const podSecrets: ResourceValidationPolicy = objectPolicy({
  name: "plain-text-secrets",
  description: "No secret stands in the environment, the arguments or the configuration of a pod.",
  of: [types.deployment, types.job],
  schema: workload,
  check: (object) =>
    containersOf(object).flatMap(({ name, env, command, args }) => [
      ...env
        .filter((variable) => isSecret(variable.name, variable.value ?? ""))
        .map((variable) => `container ${name} has the value of ${variable.name} in plain text; ${way}`),
      ...[...command, ...args]
        .filter((argument) => showsSecret(argument))
        .map(() => `container ${name} has a password or key among its arguments; ${way}`),
    ]),
});

/** The same for ConfigMaps; what the mirror holds is the record, which the policy `record` knows. What is encoded in evidence, the policy `transition-evidence` looks at. */
export function configMapSecrets(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "plain-text-secrets-in-configmaps",
    description: "No secret stands in a ConfigMap.",
    of: [types.configMap],
    except: ({ props }) => {
      const { passed } = judgements;
      const { product } = passed?.configuration.channel ?? {};
      return passed !== null && props.metadata.name === mirrorName(product ?? "", passed.name);
    },
    schema: configMap,
    check: ({ data }) =>
      Object.entries(data)
        .filter(([name, value]) => isSecret(name, value))
        .map(([name]) => `it holds the value of ${name} in plain text; ${way}`),
  });
}

const way = "refer to a key of a Secret instead (channel.services.<service>.secrets)";

function isSecret(name: string, value: string): boolean {
  return value !== "" && (soundsSecret(name) || showsSecret(value));
}

function soundsSecret(name: string): boolean {
  const upper = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
  if (onlyRefers.test(upper)) return false;
  return databaseAddress.test(upper) || upper.split(/[^A-Z0-9]+/).some((word) => secretWords.has(word));
}

export function showsSecret(value: string): boolean {
  return urlWithPassword.test(value) || privateKeyBlock.test(value);
}
