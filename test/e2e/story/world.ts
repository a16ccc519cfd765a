import { randomBytes } from "node:crypto";
import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { backupDir } from "../../../local/cluster/backup-volumes";
import { releasesDir, resultDir } from "../../../local/settings";
import { TestChannel } from "./channel";
import { endLeftovers } from "./command";
import { clusterServer, createDatabase, dropDatabase } from "./database";
import { createNamespace, deleteNamespace, deleteVolume } from "./kubernetes";

/** Judges after few requests; latency is left out, because tests share a small machine. */
const sloOf = (objectives: string) => `source: traefik
minimumRequests: 20
falseAlarm: 0.01
services:
  api: ${objectives}
`;
const usualObjectives = "{ errorRate: { target: 0.01, marginOverBaseline: 0.005 } }";

/** Everything one test made; nothing of it is shared with another test. */
export class World {
  readonly dir: string;
  readonly #id = randomBytes(4).toString("hex");
  readonly #channels: TestChannel[] = [];

  constructor() {
    this.dir = join(resultDir, "e2e", this.#id);
    mkdirSync(this.dir, { recursive: true });
    cpSync(releasesDir, join(this.dir, "releases"), { recursive: true });
    this.objectivesAre(usualObjectives);
  }

  /** What is expected of the service `api` from now on, in YAML. */
  objectivesAre(objectives: string): void {
    writeFileSync(join(this.dir, "slo.yaml"), sloOf(objectives));
  }

  get log(): string {
    return join(this.dir, "pulumi.log");
  }

  /** A channel whose stack is empty, in a namespace with nothing but the database's Secret. */
  async channel(role: string, server = clusterServer): Promise<TestChannel> {
    const stack = `e2e-${this.#id}-${role}`;
    const channel = new TestChannel(stack, stack, this.dir);
    channel.databaseServer = server;
    this.#channels.push(channel);
    await createNamespace(channel.namespace, await createDatabase(channel.database, server));
    await channel.succeed("stack", "init");
    channel.writeConfig();
    return channel;
  }

  /** The channel of that role, which this test has made before. */
  known(role: string): TestChannel {
    const channel = this.#channels.find(({ stack }) => stack.endsWith(`-${role}`));
    if (channel === undefined) throw new Error(`this world has no channel ${role}`);
    return channel;
  }

  /** Removes everything; what cannot be removed is noted in the log and hinders nobody. */
  async remove(keepLog: boolean): Promise<void> {
    for (const channel of this.#channels) {
      const steps: (() => unknown)[] = [
        () => Promise.all(channel.loads.map((load) => load.stop())),
        () => endLeftovers(channel.stack),
        () => channel.run("cancel", "--yes"),
        () => channel.succeed("stack", "rm", "--force", "--yes"),
        () => deleteNamespace(channel.namespace),
        () => deleteVolume(`${channel.namespace}-backup`),
        () => rmSync(backupDir(channel), { recursive: true, force: true }),
        () => dropDatabase(channel.database, channel.databaseServer),
      ];
      for (const step of steps) {
        try {
          await step();
        } catch (error) {
          appendFileSync(this.log, `while tidying up: ${error}\n`);
        }
      }
      rmSync(channel.configPath, { force: true });
    }
    if (!keepLog) {
      rmSync(this.dir, { recursive: true, force: true });
    }
  }
}
