import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ApiClient, isNotFound } from "../../../local/plugins/kubernetes/client";
import { Discovery } from "../../../local/plugins/kubernetes/discovery";
import { parseKubeconfig } from "../../../local/plugins/kubernetes/kubeconfig";
import { type Bag, list } from "../../../local/plugins/protocol/values";
import { kubeconfigPath, projectDir, pulumiHome } from "../../../local/settings";
import { eventually } from "./harness";
import { podStatus } from "./podStatus";

/** For a busy machine: what is waited for here is done in seconds. */
jest.setTimeout(60_000);

/** The cluster under test: `KUBECONFIG`, else the embedded one. */
export const kubeconfig = process.env.KUBECONFIG ?? kubeconfigPath;

export const home = process.env.PULUMI_HOME ?? pulumiHome;

/** Installs the plugins as every run does, and returns the executable's path. Says which it is. */
export async function installed(name: "kubernetes" | "command"): Promise<string> {
  const { stdout } = await promisify(execFile)("node", ["run.cjs", "local/plugins/install-cli.ts", home], {
    cwd: projectDir,
  });
  process.stderr.write(stdout);
  const [, version] = new RegExp(`${name} (\\S+)`).exec(stdout) ?? [];
  return join(home, "plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`);
}

/** A namespace of its own in the cluster, and what tests do there behind the plugin's back. */
export class Sandbox {
  readonly namespace = `conformance-${randomBytes(4).toString("hex")}`;
  readonly client: ApiClient;
  private readonly discovery: Discovery;
  private readonly strays: Bag[] = [];
  private playing: NodeJS.Timeout | undefined;

  constructor() {
    if (!existsSync(kubeconfig)) {
      throw new Error(
        `There is no cluster to test on: no kubeconfig at ${kubeconfig}. Start one with: make cluster`,
      );
    }
    this.client = new ApiClient(parseKubeconfig(kubeconfig));
    this.discovery = new Discovery(this.client);
  }

  async open(): Promise<void> {
    await this.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: this.namespace } });
  }

  /** Removes the namespace, and everything that was put outside of it. */
  async close(): Promise<void> {
    const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: this.namespace } };
    for (const object of [own, ...this.strays]) {
      await this.delete(object).catch(() => {});
    }
    this.playNode(() => undefined);
    const isGone = async () => (await this.get(own)) === undefined;
    await eventually(isGone, Boolean, 40).finally(() => this.stopPlaying());
  }

  /** Deleted with the namespace. */
  removeLater(object: Bag): void {
    this.strays.push(object);
  }

  private async path(object: Bag): Promise<string> {
    const metadata = object.metadata as Bag;
    const withNamespace = { ...object, metadata: { namespace: this.namespace, ...metadata } };
    return `${await this.discovery.collection(withNamespace)}/${metadata.name}`;
  }

  stopPlaying(): void {
    clearInterval(this.playing);
  }

  /** The live object's metadata; it must exist. */
  async metadata(object: Bag): Promise<Bag> {
    const live = await this.get(object);
    if (live === undefined) {
      throw new Error(`${object.kind} ${(object.metadata as Bag).name} does not exist`);
    }
    return live.metadata as Bag;
  }

  async get(object: Bag): Promise<Bag | undefined> {
    try {
      return await this.client.request({ method: "GET", path: await this.path(object) });
    } catch (error) {
      if (isNotFound(error)) {
        return undefined;
      }
      throw error;
    }
  }

  /** Server-side apply as somebody else. */
  async put(object: Bag, manager = "somebody", force = true): Promise<Bag> {
    const query = { fieldManager: manager, force: String(force) };
    const path = await this.path(object);
    return this.client.request({
      method: "PATCH",
      path,
      query,
      body: object,
      contentType: "application/apply-patch+yaml",
    });
  }

  /** A merge patch as somebody else, such as `kubectl patch` sends. */
  async patch(object: Bag, patch: Bag, manager: string, subresource = ""): Promise<Bag> {
    return this.client.request({
      method: "PATCH",
      path: (await this.path(object)) + subresource,
      query: { fieldManager: manager },
      body: patch,
      contentType: "application/merge-patch+json",
    });
  }

  async delete(object: Bag, query: Record<string, string> = {}): Promise<void> {
    await this.client.request({ method: "DELETE", path: await this.path(object), query });
  }

  async pods(labelSelector = ""): Promise<Bag[]> {
    const path = `/api/v1/namespaces/${this.namespace}/pods`;
    return list(
      await this.client.request({ method: "GET", path, query: { labelSelector } }),
      "items",
    ) as Bag[];
  }

  /**
   * Plays the part of a node for all pods in the namespace that were assigned to the node `nowhere`: gives
   * them the status that `behave` returns and lets terminating ones go.
   */
  playNode(behave: (pod: Bag) => Bag | undefined): void {
    this.stopPlaying();
    let isBusy = false;
    const play = async (pod: Bag) => {
      const named = { ...pod, apiVersion: "v1", kind: "Pod" };
      const hasEnded = ["Succeeded", "Failed"].includes(String((pod.status as Bag).phase));
      const isTerminating = (pod.metadata as Bag).deletionTimestamp !== undefined;
      const status = isTerminating ? podStatus.ended(137) : behave(pod);
      if (status !== undefined && !hasEnded) {
        await this.patch(named, { status }, "node", "/status");
      }
      if (isTerminating) {
        await this.delete(named, { gracePeriodSeconds: "0" });
      }
    };
    this.playing = setInterval(async () => {
      if (!isBusy) {
        isBusy = true;
        // A pod may be gone before its turn comes.
        await Promise.allSettled((await this.pods().catch(() => [])).map(play));
        isBusy = false;
      }
    }, 100);
  }
}
