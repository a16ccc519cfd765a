import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandRequest } from "../../traffic/command";
import { Project } from "../config/files";

type Weights = Record<string, Record<string, number>>;

/** What goes wrong: of a service's apply, or with `read`. */
type Fault = "fails" | "hangs" | "does nothing" | "applies and fails" | "prints garbage";

const program = `
const { existsSync, readFileSync, writeFileSync, appendFileSync } = require("node:fs");
const [which, ...args] = process.argv.slice(2);
appendFileSync("log", JSON.stringify([which, ...args]) + "\\n");
const fault = JSON.parse(readFileSync("faults", "utf8"))[which === "apply" ? args[0] : which];
const state = JSON.parse(readFileSync("state", "utf8"));
const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
const give = () => {
  const [service, baseline, candidate, weight] = args;
  const weights = { [baseline]: 100 - Number(weight) };
  state[service] = { ...weights, [candidate]: Number(weight) };
  writeFileSync("state", JSON.stringify(state));
};
if (fault === "hangs") wait();
if (fault === "prints garbage") { console.log("<html>"); process.exit(0); }
if (fault === "fails") { console.error("the router \\u001b[31mis away"); process.exit(3); }
if (which === "read") console.log(JSON.stringify({ services: state }));
if (which === "apply" && fault !== "does nothing") give();
if (fault === "applies and fails") { console.error("half done"); process.exit(4); }
`;

/** A router of its own with a command line, as a channel's commands would drive one. */
export class Router {
  readonly project = new Project();

  constructor(weights: Weights) {
    this.project.write("router.cjs", program);
    this.has(weights);
    this.faults({});
  }

  get folder(): string {
    return this.project.folder;
  }

  has(weights: Weights): void {
    this.project.write("state", JSON.stringify(weights));
    this.project.write("log", "");
  }

  faults(faults: Record<string, Fault>): void {
    this.project.write("faults", JSON.stringify(faults));
  }

  get weights(): Weights {
    return JSON.parse(readFileSync(join(this.folder, "state"), "utf8"));
  }

  /** Every command that was run, with its arguments. */
  get log(): string[] {
    const lines = readFileSync(join(this.folder, "log"), "utf8").split("\n").filter(Boolean);
    return lines.map((line) => (JSON.parse(line) as string[]).join(" "));
  }

  remove(): void {
    this.project.remove();
  }
}

const node = process.execPath;

/** What asks the router to give these weights: service → release → weight, the candidate last. */
export function request(weights: Weights, more: Partial<CommandRequest> = {}): CommandRequest {
  return {
    id: "t2",
    goesBack: false,
    commands: {
      apply: [node, "router.cjs", "apply", "{service}", "{baseline}", "{candidate}", "{weight}"],
      read: [node, "router.cjs", "read"],
      timeoutSeconds: 10,
    },
    scope: { product: "shop", channel: "canary", namespace: "shop-canary", hostname: "shop.localhost" },
    services: Object.entries(weights).map(([service, shares]) => ({
      service,
      weights: Object.entries(shares).map(([release, weight]) => ({ release, weight })),
    })),
    ...more,
  };
}
