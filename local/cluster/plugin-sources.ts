import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { stateDir } from "../settings";

const path = join(stateDir, "plugins.json");
const sourcesSchema = z.record(z.string(), z.enum(["official", "stand-in"]));

/** Where each resource plugin of the engine came from, by name. */
export type PluginSources = z.infer<typeof sourcesSchema>;

export function rememberPluginSources(sources: PluginSources): void {
  writeFileSync(path, JSON.stringify(sources));
}

export function usesStandIns(): boolean {
  if (!existsSync(path)) return false;
  return Object.values(sourcesSchema.parse(JSON.parse(readFileSync(path, "utf8")))).includes("stand-in");
}
