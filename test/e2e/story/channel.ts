import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import type { channelSection } from "../../../config/schemas/channel";
import { type ChannelStatus, parseOutputs } from "../../../local/demo/status";
import { type Load, startLoad } from "../../../local/load/load";
import { checkpointOf, gateway, gatewayUrl, projectDir, prometheusUrl } from "../../../local/settings";
import { type CommandResult, type RunningCommand, startPulumi } from "./command";
import { clusterServer, type DatabaseServer } from "./database";

export type Section = z.input<typeof channelSection>;

/** An update that has ended, and the channel before and after it. */
export interface Update extends CommandResult {
  before: ChannelStatus | null;
  after: ChannelStatus | null;
}

const resource = z.object({
  urn: z.string(),
  inputs: z.unknown().optional(),
  outputs: z.unknown().optional(),
});
const checkpoint = z.object({
  checkpoint: z.object({ latest: z.object({ resources: z.array(resource).default([]) }).nullish() }),
});

export type ResourceState = Omit<z.infer<typeof resource>, "urn">;

const requestsPerSecond = 80;
const longestLoadSeconds = 1500;

/** A release channel of one test: a stack, a namespace, a database, a hostname, and files of its own. */
export class TestChannel {
  readonly host: string;
  readonly configPath: string;
  readonly releasesDir: string;
  readonly log: string;
  /** Name of its database, which its owner's role has as well. */
  readonly database: string;
  databaseServer: DatabaseServer = clusterServer;
  /** The orders that its load got acknowledged. */
  readonly acknowledged: string;
  settings: Record<string, string> = { version: "1.0.0" };
  section: Section;
  /** Environment variables of the commands, beyond those of the cluster. */
  environment: NodeJS.ProcessEnv = {};
  load: Load | undefined;
  loadWithNewConnections: Load | undefined;

  constructor(
    readonly stack: string,
    readonly namespace: string,
    readonly dir: string,
  ) {
    this.host = `${stack}.shop.localhost`;
    this.configPath = join(projectDir, `Pulumi.${stack}.yaml`);
    this.releasesDir = join(dir, "releases");
    this.log = join(dir, "pulumi.log");
    this.database = stack.replaceAll("-", "_");
    this.acknowledged = join(dir, `${stack}-acknowledged.jsonl`);
    this.section = impatientSection(this.host, namespace, this.releasesDir, join(dir, "slo.yaml"));
  }

  /** Changes the channel's section of the stack's file. */
  configure(changes: Partial<Section>): void {
    this.section = { ...this.section, ...changes };
    this.writeConfig();
  }

  set(settings: Record<string, string>): void {
    this.settings = { ...this.settings, ...settings };
    this.writeConfig();
  }

  writeConfig(): void {
    const settings = Object.entries(this.settings).map(([key, value]) => [`release-channels:${key}`, value]);
    const config = { ...Object.fromEntries(settings), "release-channels:channel": this.section };
    writeFileSync(this.configPath, stringify({ config }));
  }

  editConfig(edit: (text: string) => string): void {
    writeFileSync(this.configPath, edit(readFileSync(this.configPath, "utf8")));
  }

  start(args: string[], environment: NodeJS.ProcessEnv = {}): RunningCommand {
    return startPulumi(this.stack, args, this.log, { ...this.environment, ...environment });
  }

  run(...args: string[]): Promise<CommandResult> {
    return this.start(args).result;
  }

  /** Runs a command that has to succeed, and returns its output. */
  async succeed(...args: string[]): Promise<string> {
    const { exitCode, output } = await this.run(...args);
    if (exitCode !== 0) {
      throw new Error(`pulumi ${args.join(" ")} ended with exit code ${exitCode}:\n${output}`);
    }
    return output;
  }

  /** Without the preview, which has tests of its own: what must not happen, the update itself must not do. */
  async up(...args: string[]): Promise<Update> {
    const before = this.status();
    const result = await this.run("up", "--yes", "--skip-preview", ...args);
    return { ...result, before, after: this.status() };
  }

  status(): ChannelStatus | null {
    const stack = this.#resources().find(({ urn }) => urn.includes("::pulumi:pulumi:Stack::"));
    return parseOutputs(JSON.stringify(stack?.outputs ?? {}));
  }

  /**
   * Resources in the stack's state by URN, without what is about the run that wrote them, and without what the
   * engine keeps for itself of any run: the stack and its default providers.
   */
  state(): Record<string, ResourceState> {
    return Object.fromEntries(
      this.#resources()
        .filter(({ urn }) => !/::pulumi:(pulumi:Stack|providers:\w+::default)/.test(urn))
        .map(({ urn, ...resource }) => [urn, resource]),
    );
  }

  /** As the engine has left them in its backend: a command that asks for them takes as long as a small update. */
  #resources(): z.infer<typeof resource>[] {
    const read = checkpoint.parse(JSON.parse(readFileSync(checkpointOf(this.stack), "utf8")));
    return read.checkpoint.latest?.resources ?? [];
  }

  /** Constant load over kept connections; `alsoWithNew` as much again over a new connection for each request. */
  async startLoad(rate = requestsPerSecond, { alsoWithNew = false } = {}): Promise<void> {
    const { host, acknowledged } = this;
    const common = { url: gatewayUrl, host, rate, seconds: longestLoadSeconds };
    this.load = await startLoad({ ...common, acknowledged });
    if (alsoWithNew) this.loadWithNewConnections = await startLoad({ ...common, newConnections: true });
  }

  get loads(): Load[] {
    return [this.load, this.loadWithNewConnections].filter((load) => load !== undefined);
  }
}

/** The shortest times that make sense, and a single replica where two would show nothing more. */
function impatientSection(host: string, namespace: string, releases: string, slo: string): Section {
  const DATABASE_URL = { name: "shop-database", key: "url" };
  const capacity = {
    replicas: 1,
    resources: { requests: { cpu: "20m", memory: "64Mi" }, limits: { memory: "256Mi" } },
    secrets: { DATABASE_URL },
  };
  return {
    product: "shop",
    namespace,
    releases: relative(projectDir, releases),
    slo: relative(projectDir, slo),
    stages: [10, 30, 100],
    gateway: { ...gateway, hostnames: [host], url: gatewayUrl, releaseHeader: "x-release" },
    services: { api: { ...capacity, replicas: 2 }, worker: capacity },
    migrations: { secrets: { DATABASE_URL }, deadline: "60s" },
    observation: { for: "2s" },
    rollbackWindow: "1s",
    prometheus: { url: prometheusUrl, scrapeInterval: "1s" },
    readyWithin: "60s",
    confirmWithin: "30s",
    drain: "2s",
  };
}
