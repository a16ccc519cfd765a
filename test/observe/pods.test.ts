import type { V1Pod } from "@kubernetes/client-node";
import { observePods } from "../../observe/pods";
import { aChannel } from "../gates/transitions";
import { at, completed, recordOf, rolling, steady } from "../rollout/releases";
import { clusterWith } from "./cluster";

const ready = { type: "Ready", status: "True" } as const;
const advance = { kind: "advance", to: rolling(30), record: recordOf(rolling(10)) } as const;

function pod(service: string, status: NonNullable<V1Pod["status"]>, deletedAt?: string): V1Pod {
  return {
    metadata: {
      labels: { "app.kubernetes.io/name": service },
      ...(deletedAt === undefined ? {} : { deletionTimestamp: new Date(deletedAt) }),
    },
    status,
  };
}

/** A container that has been started so often, and what became of it last. */
function container(restartCount: number, lastState: object = {}, state: object = {}) {
  return { name: "api", image: "", imageID: "", ready: true, restartCount, lastState, state };
}

const failed = (finishedAt: string, exitCode = 1) => ({
  terminated: { exitCode, reason: "Error", finishedAt: new Date(finishedAt) },
});

function observed(pods: V1Pod[] | Error, transition: Parameters<typeof observePods>[0] = advance) {
  const asked: { labelSelector?: string }[] = [];
  const cluster = clusterWith({});
  Object.assign(cluster.core, {
    listNamespacedPod: (request: { labelSelector?: string }) => {
      asked.push(request);
      return pods instanceof Error ? Promise.reject(pods) : Promise.resolve({ items: pods });
    },
  });
  const source = observePods(transition, { cluster, channel: aChannel(), channelName: "canary" });
  return { source, asked };
}

describe("the pods of a release that is to get more traffic", () => {
  test("are looked for by channel and release, and those of Jobs are not", async () => {
    const { source, asked } = observed([]);
    await source;
    const selector = asked[0]?.labelSelector ?? "";
    expect(selector).toContain("release-channels.dev/channel=canary,");
    expect(selector).toContain(`release-channels.dev/release=${advance.to.candidate?.id},`);
    expect(selector).toMatch(/,!release-channels\.dev\/run$/);
  });

  test("are counted where they are ready, service by service, also where there is none", async () => {
    const pods = [
      pod("api", { conditions: [ready] }),
      pod("api", { conditions: [{ ...ready, status: "False" }] }),
      pod("api", { conditions: [ready] }, at(5)),
      pod("worker", { conditions: [ready] }),
    ];
    expect(await observed(pods).source).toEqual({
      status: "known",
      services: { api: { ready: 1, lastEnd: null }, worker: { ready: 1, lastEnd: null } },
    });
    expect(await observed([]).source).toEqual({
      status: "known",
      services: { api: { ready: 0, lastEnd: null } },
    });
  });

  test("say when a container ended last, whether or not it runs again", async () => {
    const restarted = container(2, failed(at(10)));
    const waiting = container(1, {}, failed(at(20), 137));
    const pods = [
      pod("api", { containerStatuses: [restarted] }),
      pod("api", { containerStatuses: [waiting] }),
    ];
    expect(await observed(pods).source).toMatchObject({
      services: { api: { lastEnd: { at: at(20), how: "Error, exit code 137", restarts: 3 } } },
    });
  });

  test("are a silent source where they cannot be read", async () => {
    const forbidden = Object.assign(new Error("HTTP-Code: 403"), { code: 403, body: "" });
    expect(await observed(forbidden).source).toMatchObject({
      status: "unavailable",
      problem: expect.stringContaining("Pods in"),
    });
  });

  test("are asked for where a release has traffic and is to get more, or the rest for good", async () => {
    const finalize = { kind: "finalize", to: steady(), record: recordOf(completed()) } as const;
    const start = { kind: "start", to: rolling(10), record: recordOf(steady()) } as const;
    const rollback = { kind: "rollback", to: steady(), record: recordOf(rolling(30)) } as const;
    expect((await observed([], finalize).source).status).toBe("known");
    expect((await observed([], start).source).status).toBe("not-configured");
    expect((await observed([], rollback).source).status).toBe("not-configured");
  });
});
