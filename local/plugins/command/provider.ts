import { randomBytes } from "node:crypto";
import { silentLog } from "../protocol/engine";
import type {
  CreateRequest,
  DiffRequest,
  DiffResponse,
  EngineLog,
  ResourcePlugin,
  UpdateRequest,
} from "../protocol/plugin";
import { type Bag, containsUnknown, equal, unknown, type Value } from "../protocol/values";
import { checkInputs, parseState } from "./inputs";
import { objectDiff } from "./objectDiff";
import { run } from "./run";

const supportedType = "command:local:Command";

/** The stand-in for the official `command` plugin, for commands on this machine. */
export function commandPlugin(): ResourcePlugin {
  let log: EngineLog = silentLog;

  const execute = (command: string, properties: Bag, { urn, signal }: { urn: string; signal: AbortSignal }) =>
    run(command, parseState(properties), { signal, onLine: (line) => log.status("info", urn, line) });

  return {
    attach: (engine) => {
      log = engine;
    },
    checkConfig: async ({ news }) => ({ inputs: news, failures: [] }),
    diffConfig: async ({ olds, news }) => ({ changes: !equal(olds, news), replaces: [] }),
    configure: async () => {},
    check: async ({ urn, news }) => {
      const type = urn.split("::")[2]?.split("$").at(-1);
      if (type !== supportedType) {
        throw new Error(`${type} needs the official command plugin; the one in use is its stand-in`);
      }
      const failures = checkInputs(news);
      return { inputs: withoutNulls(news), failures };
    },
    diff: async (request) => diff(request),
    create: async (request) => {
      const id = `${nameOf(request)}${randomBytes(4).toString("hex")}`;
      const { properties, preview } = request;
      if (preview) {
        return { id, properties: { ...properties, stdout: unknown, stderr: unknown } };
      }
      const { create } = parseState(properties);
      const output =
        create === undefined ? { stdout: "", stderr: "" } : await execute(create, properties, request);
      return { id, properties: { ...properties, ...output } };
    },
    // There is nothing to look at: what was printed stays what it was.
    read: async ({ id, properties, inputs }) => ({ id, properties, inputs }),
    update: async (request) => {
      const { olds, news, preview } = request;
      const previous = { stdout: olds.stdout ?? "", stderr: olds.stderr ?? "" };
      const properties = { ...withIgnored(request), ...previous };
      if (preview) {
        return {
          properties: willRun(olds, news) ? { ...properties, stdout: unknown, stderr: unknown } : properties,
        };
      }
      const { create, update } = parseState(properties);
      const command = update ?? create;
      return {
        properties:
          command === undefined
            ? properties
            : { ...properties, ...(await execute(command, properties, request)) },
      };
    },
    delete: async (request) => {
      const command = parseState(request.properties).delete;
      if (command !== undefined) {
        await execute(command, request.properties, request);
      }
    },
  };
}

function nameOf({ urn }: CreateRequest): string {
  return urn.split("::").slice(3).join("::");
}

function withoutNulls(inputs: Bag): Bag {
  return Object.fromEntries(
    Object.entries(inputs).filter(([key, value]) => value !== null && !key.startsWith("__")),
  );
}

function withIgnored({ olds, news, ignoreChanges }: UpdateRequest): Bag {
  const kept = ignoreChanges.flatMap((key): [string, Value][] =>
    olds[key] === undefined ? [] : [[key, olds[key]]],
  );
  return { ...news, ...Object.fromEntries(kept) };
}

/** What is printed is not known in advance if an input changes or is not known itself. */
function willRun(olds: Bag, news: Bag): boolean {
  return Object.entries(news).some(
    ([key, value]) => containsUnknown(value) || (olds[key] !== undefined && !equal(olds[key], value)),
  );
}

/**
 * Every change of an input is an update; that changed triggers replace is said by the SDK, as an option of
 * the resource. Only triggers that come or go as a whole are a replacement of the plugin's own.
 */
function diff({ olds, oldInputs, news, ignoreChanges }: DiffRequest): DiffResponse {
  const inputs = { ...news };
  for (const key of ignoreChanges) {
    const old = olds[key];
    if (old !== undefined) {
      inputs[key] = old;
    }
  }
  const detailedDiff = objectDiff(withoutInternal(oldInputs), withoutInternal(inputs));
  const triggers = detailedDiff.triggers;
  if (triggers !== undefined) {
    triggers.kind =
      triggers.kind === "add"
        ? "add-replace"
        : triggers.kind === "delete"
          ? "delete-replace"
          : "update-replace";
  }
  return {
    changes: Object.keys(detailedDiff).length > 0,
    replaces: triggers === undefined ? [] : ["triggers"],
    detailedDiff,
  };
}

function withoutInternal(inputs: Bag): Bag {
  return Object.fromEntries(
    Object.entries(inputs).filter(([key]) => key !== "version" && !key.startsWith("__")),
  );
}
