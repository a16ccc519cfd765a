import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { clusterEnvironment } from "../../../local/cluster/environment";
import { gateway, projectDir, prometheusUrl } from "../../../local/settings";
import type { TestChannel } from "./channel";
import * as given from "./given";
import * as when from "./when";
import type { World } from "./world";

/** A gate that is closed for a cause which can be taken away. */
export interface ClosedGate {
  gate: string;
  /** What it says. */
  reason: RegExp;
  /** Whether it may open by itself: an update is held; else it is refused. */
  mayOpen: boolean;
  /** A channel under load for which a transition is due, and everything else is in order. */
  begin(world: World): Promise<TestChannel>;
  close(channel: TestChannel, world: World): void;
  open(channel: TestChannel, world: World): Promise<void> | void;
  /** What the update does then. */
  transition: string;
}

const oldToNew = (world: World) => given.rolloutBegun(world, "1.0.0", "1.1.0");
const advance = { begin: oldToNew, transition: "advance" };

/** Each for one gate, with the cause in the real cluster, Prometheus, other channel or files. */
export const closedGates: ClosedGate[] = [
  {
    ...advance,
    gate: "observation",
    reason: /1\.1\.0 has been observed for \d+ s.*; wanted are 3600 s/,
    mayOpen: true,
    close: (channel) => channel.configure({ observation: { for: "1h" } }),
    open: (channel) => channel.configure({ observation: { for: "2s" } }),
  },
  {
    ...advance,
    gate: "slo",
    reason: /api: no figures: .*127\.0\.0\.1:1/,
    mayOpen: true,
    close: (channel) =>
      channel.configure({ prometheus: { url: "http://127.0.0.1:1", scrapeInterval: "1s" } }),
    open: (channel) => channel.configure({ prometheus: { url: prometheusUrl, scrapeInterval: "1s" } }),
  },
  {
    ...advance,
    gate: "data-plane",
    reason: /has no listener nowhere/,
    mayOpen: false,
    close: (channel) => configureListener(channel, "nowhere"),
    open: (channel) => configureListener(channel, gateway.listener),
  },
  {
    gate: "promotion",
    reason: /has not completed 1\.1\.0/,
    mayOpen: false,
    begin: async (world) => {
      await given.channelRunning(world, "1.0.0", "canary");
      const stable = await given.channelRunning(world, "1.0.0", "stable");
      when.versionIsSet(stable, "1.1.0");
      return stable;
    },
    close: (stable, world) =>
      stable.configure({ promotion: { from: world.known("canary").stack, greenFor: "1s" } }),
    open: async (_, world) => {
      const canary = world.known("canary");
      when.versionIsSet(canary, "1.1.0");
      await when.rolloutReaches(canary, 100);
    },
    transition: "start",
  },
  {
    ...advance,
    gate: "compat",
    reason: /no report.*npm run compat/,
    mayOpen: true,
    close: (channel) => {
      const matrix = join(projectDir, "compat");
      const text = readFileSync(join(matrix, "matrix.yaml"), "utf8").replaceAll(
        "fixtures/",
        `${relative(channel.dir, matrix)}/fixtures/`,
      );
      const report = `${relative(projectDir, channel.dir)}/compat-{{version}}.json`;
      writeFileSync(join(channel.dir, "matrix.yaml"), `report: ${report}\n${text}`);
      channel.configure({ compat: relative(projectDir, join(channel.dir, "matrix.yaml")) });
    },
    open: async (channel) => {
      const releases = ["--version", "1.1.0", "--baseline", "1.0.0"];
      await execa("npm", ["run", "compat", "--", "--channel", channel.stack, ...releases], {
        cwd: projectDir,
        env: { ...clusterEnvironment(), ...channel.environment },
      });
    },
  },
  {
    ...advance,
    gate: "evidence",
    reason: /smoke: no report for 1\.1\.0 is in/,
    mayOpen: true,
    close: (channel) => {
      const pattern = `${relative(projectDir, channel.dir)}/evidence/smoke-{{version}}-*.json`;
      const kinds = { smoke: { pattern, schema: "smoke-checklist", maxAge: "1h" } };
      writeFileSync(join(channel.dir, "evidence.yaml"), stringify({ kinds }));
      channel.configure({ evidence: relative(projectDir, join(channel.dir, "evidence.yaml")) });
    },
    open: (channel) => {
      mkdirSync(join(channel.dir, "evidence"), { recursive: true });
      const report = {
        release_candidate_id: "rc-1",
        correlation_id: "c-1",
        version: "1.1.0",
        produced_at: new Date().toISOString(),
        environment: channel.namespace,
        items: [{ name: "an order can be placed", result: "passed" }],
      };
      writeFileSync(join(channel.dir, "evidence", "smoke-1.1.0-1.json"), JSON.stringify(report));
    },
  },
];

function configureListener(channel: TestChannel, listener: string): void {
  channel.configure({ gateway: { ...channel.section.gateway, listener } });
}
