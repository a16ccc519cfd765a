import { type Bag, containsSecret, isBag, isSecret, secret } from "../protocol/values";

/**
 * Marks in `outputs`, in place, what is secret in `inputs`: objects field by field, anything else (also a
 * list) as a whole. The data of a Secret always is.
 */
export function markSecrets(outputs: Bag, inputs: Bag | undefined): void {
  if (outputs.kind === "Secret") {
    for (const field of ["data", "stringData"]) {
      const value = outputs[field];
      if (value !== undefined) {
        outputs[field] = secret(value);
      }
    }
    return;
  }
  for (const [key, input] of Object.entries(inputs ?? {})) {
    const output = outputs[key];
    if (output === undefined) {
      continue;
    }
    if (isBag(output) && !isSecret(output) && isBag(input) && !isSecret(input)) {
      markSecrets(output, input);
    } else if (containsSecret(input)) {
      outputs[key] = secret(output);
    }
  }
}
