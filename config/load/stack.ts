import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ChannelSection, channelSection, type StackSettings, stackSettings } from "../schemas/channel";
import { userErrorFrom } from "./problems";
import { check, type LocatedYaml, readYaml } from "./yaml";

export interface StackConfiguration {
  settings: StackSettings;
  channel: ChannelSection;
}

/** A namespaced stack configuration as Pulumi hands it to a program: objects as JSON text. */
export type RawConfiguration = Readonly<Record<string, string>>;

/**
 * Validates the stack's configuration.
 * @param raw every key of the stack, as in `release-channels:version`
 * @throws {UserError} naming file, line and field of everything that is wrong.
 */
export function loadStackConfiguration(
  raw: RawConfiguration,
  project: string,
  stack: string,
  projectDir: string,
): StackConfiguration {
  const source = stackFile(projectDir, stack);
  const own = Object.entries(raw)
    .filter(([key]) => key.startsWith(`${project}:`))
    .map(([key, value]) => [key.slice(project.length + 1), value] as const);
  const { channel: section, ...scalars } = Object.fromEntries(own);
  const located = {
    file: source.file,
    locate: ([field, ...rest]: readonly PropertyKey[]) =>
      source.locate(["config", `${project}:${String(field)}`, ...rest]),
  };
  if (section === undefined) {
    throw userErrorFrom(`${source.file} is not valid.`, [
      {
        file: source.file,
        field: "channel",
        found: "nothing",
        expected: `expected the key ${project}:channel, which says where this channel runs (see docs/configuration.md)`,
      },
    ]);
  }
  return {
    settings: check(stackSettings, scalars, located),
    channel: check(channelSection, parseObject(section), located, ["channel"]),
  };
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The stack's file where it stands in the usual place, for line numbers; the values come from Pulumi. */
function stackFile(projectDir: string, stack: string): LocatedYaml {
  const file = `Pulumi.${stack}.yaml`;
  const path = join(projectDir, file);
  if (!existsSync(path)) return { file: "the stack's configuration", value: {}, locate: () => ({}) };
  return readYaml(path, file, "it is the configuration of this stack");
}
