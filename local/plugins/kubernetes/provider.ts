import { silentLog } from "../protocol/engine";
import type { EngineLog, ResourcePlugin } from "../protocol/plugin";
import { check } from "./check";
import { checkConfig, configure, diffConfig } from "./config";
import { create } from "./create";
import { remove } from "./delete";
import { diff } from "./diff";
import { read } from "./read";
import type { Session } from "./session";
import { update } from "./update";

/** The stand-in for the official `kubernetes` plugin. */
export function kubernetesPlugin(): ResourcePlugin {
  let log: EngineLog = silentLog;
  let session: Session | undefined;
  const configured = (): Session => {
    if (session === undefined) {
      throw new Error("the kubernetes provider is used before it was configured");
    }
    return session;
  };
  return {
    attach: (engine) => {
      log = engine;
    },
    checkConfig,
    diffConfig,
    configure: async (request) => {
      session = await configure(request, log);
    },
    check: async (request) => check(configured(), request),
    diff: async (request) => diff(configured(), request),
    create: async (request) => create(configured(), request),
    read: async (request) => read(configured(), request),
    update: async (request) => update(configured(), request),
    delete: async (request) => remove(configured(), request),
  };
}
