import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { gateway, projectDir, prometheusUrl } from "../../../local/settings";
import type { TestChannel } from "./channel";
import * as when from "./when";
import type { World } from "./world";

/** A gate that is closed for a cause which can be taken away. */
export interface ClosedGate {
  gate: string;
  /** What it says. */
  reason: RegExp;
  /** Whether it may open by itself: an update is held; else it is refused. */
  mayOpen: boolean;
  close(channel: TestChannel, world: World): void;
  open(channel: TestChannel, world: World): Promise<void> | void;
  /** What the update does then. */
  transition: string;
}

const advance = { transition: "advance" };

/** Each for one gate of an advance from 1.0.0 to 1.1.0, with the cause in the real cluster, Prometheus or files. */
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
    ...advance,
    gate: "compat",
    reason: /no report.*npm run compat/,
    mayOpen: true,
    close: (channel) => channel.configure({ compat: matrixIn(channel.dir) }),
    open: (channel) => when.matrixIsRun(channel, "1.1.0", "1.0.0"),
  },
  {
    ...advance,
    gate: "evidence",
    reason: /smoke: no report for 1\.1\.0 is in/,
    mayOpen: true,
    close: (channel) => {
      const pattern = `${channel.dir}/evidence/smoke-{{version}}-*.json`;
      const kinds = { smoke: { pattern, schema: "smoke-checklist", maxAge: "1h" } };
      writeFileSync(join(channel.dir, "evidence.yaml"), stringify({ kinds }));
      channel.configure({ evidence: join(channel.dir, "evidence.yaml") });
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

/** The gate of a start in a channel that takes its versions from `canary`. */
export const promotion: ClosedGate = {
  gate: "promotion",
  reason: /has not completed 1\.1\.0/,
  mayOpen: false,
  close: (stable, world) =>
    stable.configure({ promotion: { from: world.known("canary").stack, greenFor: "1s" } }),
  open: async (_, world) => {
    const canary = world.known("canary");
    when.versionIsSet(canary, "1.1.0");
    await when.rolloutReaches(canary, 100);
  },
  transition: "start",
};

/** The sample's matrix, with its report among the files of the test. */
function matrixIn(dir: string): string {
  const matrix = parse(readFileSync(join(projectDir, "compat", "matrix.yaml"), "utf8"));
  cpSync(join(projectDir, "compat", "fixtures"), join(dir, "fixtures"), { recursive: true });
  const file = join(dir, "matrix.yaml");
  writeFileSync(file, stringify({ ...matrix, report: `${dir}/compat-{{version}}.json` }));
  return file;
}

function configureListener(channel: TestChannel, listener: string): void {
  channel.configure({ gateway: { ...channel.section.gateway, listener } });
}
