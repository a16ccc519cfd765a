import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { labelKeys } from "../../../rollout/labels";
import { kubectl } from "./by-hand";
import type { Section, TestChannel } from "./channel";
import { eventually } from "./eventually";
import { deployments } from "./kubernetes";

/** The service `api` is to have this place; everything else of it stays. */
export function apiHas(channel: TestChannel, place: Partial<Section["services"][string]>): void {
  const { replicas: _, ...api } = channel.section.services.api ?? {};
  channel.configure({ services: { ...channel.section.services, api: { ...api, ...place } } });
}

/** Version → pods that the Deployment of its `api` is asked to have. */
export async function podsOfApi({ namespace }: TestChannel): Promise<Record<string, number>> {
  const api = (await deployments(namespace)).filter(
    ({ metadata }) => metadata?.labels?.[labelKeys.name] === "api",
  );
  return Object.fromEntries(
    api.map(({ metadata, spec }) => [metadata?.labels?.[labelKeys.version], spec?.replicas ?? 0]),
  );
}

/** An autoscaler acts by itself, every so often. */
export async function apiComesToHave(channel: TestChannel, expected: Record<string, number>): Promise<void> {
  const wanted = JSON.stringify(Object.entries(expected).sort());
  await eventually(
    () => podsOfApi(channel),
    (pods) => JSON.stringify(Object.entries(pods).sort()) === wanted,
    (pods) => `${JSON.stringify(expected)} pods of api; there are ${JSON.stringify(pods)}`,
  );
}

/** Names of the Deployment, and of the autoscaler, of a version's `api`. */
export async function apiOf({ namespace }: TestChannel, version: string): Promise<string> {
  const found = (await deployments(namespace)).find(
    ({ metadata }) =>
      metadata?.labels?.[labelKeys.name] === "api" && metadata.labels[labelKeys.version] === version,
  );
  return found?.metadata?.name ?? "";
}

/** A quota of the channel's namespace whose figures are known. */
export async function quotaOfPodsIs(channel: TestChannel, pods: number): Promise<void> {
  const name = "team";
  await kubectl(channel, "create", "quota", name, `--hard=pods=${pods}`).catch(() =>
    kubectl(
      channel,
      "patch",
      "quota",
      name,
      "--patch",
      JSON.stringify({ spec: { hard: { pods: String(pods) } } }),
    ),
  );
  await eventually(
    () =>
      kubectl(channel, "get", "quota", name, "--output", "jsonpath={.status.hard.pods} {.status.used.pods}"),
    (told) => new RegExp(`^${pods} \\d+$`).test(told.trim()),
    (told) => `the quota to be counted; it says ${told}`,
  );
}

/** The release brings a second service with a route, which comes after `api`. */
export function bringsFrontAfterApi(channel: TestChannel, version: string): void {
  const file = join(channel.releasesDir, `${version}.yaml`);
  const release = parse(readFileSync(file, "utf8"));
  const { api } = release.services;
  release.services.front = { ...api, http: { port: 8080, path: "/front" }, after: ["api"] };
  writeFileSync(file, stringify(release));
  const { api: place = {} } = channel.section.services;
  channel.configure({ services: { ...channel.section.services, front: place } });
}
