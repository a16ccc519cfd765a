import { resolve } from "node:path";
import { type SloPolicy, sloPolicy } from "../schemas/slo";
import { check, readYaml } from "./yaml";

/** @throws {UserError} when the file is missing or not valid. */
export function loadSloPolicy(projectDir: string, file: string): SloPolicy {
  const source = readYaml(
    resolve(projectDir, file),
    file,
    "it holds the service level objectives (key channel.slo)",
  );
  return check(sloPolicy, source.value, source);
}
