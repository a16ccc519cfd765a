import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { AnySchemaObject, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020";
import addFormats from "ajv-formats";
import { UserError } from "../config/load/problems";
import { type CatalogueName, isCatalogueName } from "../config/schemas/evidence";
import { schemaErrors } from "./schema-errors";
import backup from "./schemas/backup.json";
import capacityBaseline from "./schemas/capacity-baseline.json";
import correlation from "./schemas/correlation.json";
import coverage from "./schemas/coverage.json";
import dataClassification from "./schemas/data-classification.json";
import dependencyAudit from "./schemas/dependency-audit.json";
import docsCheck from "./schemas/docs-check.json";
import incidentDrill from "./schemas/incident-drill.json";
import loadProbe from "./schemas/load-probe.json";
import report from "./schemas/report.json";
import rollbackDrill from "./schemas/rollback-drill.json";
import sbom from "./schemas/sbom.json";
import smokeChecklist from "./schemas/smoke-checklist.json";
import soak from "./schemas/soak.json";
import stress from "./schemas/stress.json";

/** The ready schemas, by name. */
export const catalogue: Record<CatalogueName, AnySchemaObject> = {
  backup,
  "capacity-baseline": capacityBaseline,
  correlation,
  coverage,
  "data-classification": dataClassification,
  "dependency-audit": dependencyAudit,
  "docs-check": docsCheck,
  "incident-drill": incidentDrill,
  "load-probe": loadProbe,
  "rollback-drill": rollbackDrill,
  sbom,
  "smoke-checklist": smokeChecklist,
  soak,
  stress,
};

/** @returns what is wrong with a document, empty where nothing is */
export type Validate = (document: unknown) => string[];

/** Knows the catalogue; each schema of it is compiled when it is first asked for. */
function newAjv() {
  return addFormats(
    new Ajv2020({
      allErrors: true,
      strictTypes: false,
      strictRequired: false,
      schemas: [report, ...Object.values(catalogue)],
    }),
  );
}

/** Made when the first report is looked at: a run that asks for no evidence does not wait for it. */
let shared: ReturnType<typeof newAjv> | undefined;

function compiled(name: CatalogueName): ValidateFunction {
  shared ??= newAjv();
  const validate = shared.getSchema(String(catalogue[name].$id));
  if (validate === undefined) throw new Error(`the catalogue has no schema ${name}`);
  return validate;
}

/**
 * The validator of a schema of the catalogue, or of a JSON Schema file (2020-12), which may refer to the catalogue's.
 * @param kind named where the file is broken
 * @throws {UserError} when the file is missing or no JSON Schema
 */
export function validatorOf(schema: string, projectDir: string, kind: string): Validate {
  const validate = isCatalogueName(schema) ? compiled(schema) : compileFile(schema, projectDir, kind);
  return (document) => (validate(document) ? [] : schemaErrors(validate.errors));
}

function compileFile(file: string, projectDir: string, kind: string): ValidateFunction {
  try {
    const schema: unknown = JSON.parse(readFileSync(resolve(projectDir, file), "utf8"));
    if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
      throw new Error("it is no JSON object");
    }
    if ("$async" in schema) throw new Error("it is asynchronous ($async)");
    // By itself, so that it can take no place of the catalogue's by carrying an id of it.
    return newAjv().compile(schema);
  } catch (error) {
    throw new UserError(
      `${file} cannot be used as a JSON Schema (2020-12): ${(error as Error).message}. It is named by kinds.${kind}.schema in the evidence policy.`,
    );
  }
}
