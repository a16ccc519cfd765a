import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { projectDir } from "../settings";
import { type LoadOptions, loadOptions } from "./options";
import { type LoadCommand, reply } from "./protocol";
import type { Slice } from "./slice";

/** Constant load that runs in a process of its own, so that nothing the caller does distorts it. */
export interface Load {
  /** Ends the current slice and returns it: all requests started since the last mark, each with its outcome. */
  mark(): Promise<Slice>;
  /** The current slice so far, without ending it. */
  peek(): Promise<Slice>;
  /** The whole run so far. */
  total(): Promise<Slice>;
  /** Stops the load and returns the totals of the whole run; the same ones if it was stopped before. */
  stop(): Promise<Slice>;
}

/** Starts the load; resolves once the generator is sending. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const child = fork(join(projectDir, "run.cjs"), ["local/load/cli.ts", ...cliArguments(options)], {
    cwd: projectDir,
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const process = new LoadProcess(child);
  await process.ready;
  let stopped: Promise<Slice> | undefined;
  const stop = async () => {
    const total = await process.ask("stop");
    const exited = once(child, "exit");
    child.disconnect();
    await exited;
    return total;
  };
  return {
    mark: () => process.ask("mark"),
    peek: () => process.ask("peek"),
    total: () => process.ask("total"),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

function cliArguments(options: LoadOptions): string[] {
  return Object.entries(loadOptions.parse(options)).flatMap(([name, value]) => {
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (typeof value === "boolean") {
      return value ? [flag] : [];
    }
    return value === undefined ? [] : [flag, String(value)];
  });
}

interface Waiting {
  resolve(slice: Slice): void;
  reject(error: Error): void;
}

class LoadProcess {
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #stderr = "";
  #gone: Error | undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on("data", (text) => {
      this.#stderr += text;
    });
    this.ready = new Promise((resolve, reject) => {
      child.on("message", (raw) => {
        const message = reply.parse(raw);
        if ("ready" in message) {
          resolve();
        } else {
          this.#waiting.get(message.id)?.resolve(message.slice);
          this.#waiting.delete(message.id);
        }
      });
      child.on("close", (code, signal) => {
        this.#gone = new Error(`The load generator ended (${signal ?? code}). ${this.#stderr}`.trim());
        reject(this.#gone);
        for (const waiting of this.#waiting.values()) {
          waiting.reject(this.#gone);
        }
      });
    });
  }

  ask(command: LoadCommand): Promise<Slice> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(this.#gone);
        return;
      }
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, command }, (error) => error && reject(error));
    });
  }
}
