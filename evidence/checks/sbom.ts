import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { schemaErrors } from "../schema-errors";
import type { Check } from "./check";

interface Sbom {
  specVersion: string;
}

/** One for each version of CycloneDX; half a megabyte of schema is compiled when the first bill comes in. */
const validators = new Map<string, ValidateFunction>();

/** It is what CycloneDX's own schema of its version asks for, unknown fields excluded. */
export const sbom: Check<Sbom> = (report) => {
  const validate = validators.get(report.specVersion) ?? compile(report.specVersion);
  validators.set(report.specVersion, validate);
  return validate(report) ? [] : schemaErrors(validate.errors);
};

/**
 * CycloneDX's schemas come with its library. Its own validator wants one more package, only for the format
 * `idn-email`, and reads the schemas in the same way: draft 7, unknown keywords allowed, `iri-reference` not checked.
 */
function compile(specVersion: string): ValidateFunction {
  const folder = join(dirname(require.resolve("@cyclonedx/cyclonedx-library/package.json")), "res/schema");
  const read = (name: string) =>
    JSON.parse(readFileSync(join(folder, `${name}.SNAPSHOT.schema.json`), "utf8"));
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    addUsedSchema: false,
    schemas: {
      "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json": read("spdx"),
      "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json": read("jsf-0.82"),
      "http://cyclonedx.org/schema/cryptography-defs.SNAPSHOT.schema.json": read("cryptography-defs"),
    },
  });
  addFormats(ajv);
  ajv.addFormat("idn-email", true);
  ajv.addFormat("iri-reference", true);
  return ajv.compile(read(`bom-${specVersion}`));
}
