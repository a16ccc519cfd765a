import { kubectl as administrate } from "../../../local/cluster/kubectl";
import { routeName } from "../../../rollout/labels";
import type { TestChannel } from "./channel";
import { eventually } from "./eventually";

/** What a person does to the channel's namespace without this program; returns what it printed. */
export function kubectl({ namespace }: TestChannel, ...args: string[]): Promise<string> {
  return administrate(["--namespace", namespace, ...args]);
}

/** Changes the weights of baseline and candidate, as the README says it for when the backend is down. */
export async function weightsArePatched(
  channel: TestChannel,
  weights: [number, number],
  route = routeName(channel.section.product, channel.stack, "api"),
): Promise<void> {
  const patch = weights.map((value, index) => ({
    op: "replace",
    path: `/spec/rules/0/backendRefs/${index}/weight`,
    value,
  }));
  await kubectl(channel, "patch", "httproute", route, "--type", "json", "-p", JSON.stringify(patch));
}

/** Ends the processes of these pods again and again, until the kubelet waits before it starts them anew. */
export async function podsCrash(channel: TestChannel, prefix: string): Promise<void> {
  const exit = 'process.kill(1, "SIGTERM")';
  const waiting = "{.status.containerStatuses[0].state.waiting.reason}";
  await eventually(
    async () => {
      const names = (await kubectl(channel, "get", "pods", "--output", "name")).split("\n");
      const states = names
        .filter((name) => name.startsWith(`pod/${prefix}`))
        .map(async (name) => {
          await kubectl(channel, "exec", name, "--", "node", "-e", exit).catch(() => "it is down already");
          return kubectl(channel, "get", name, "--output", `jsonpath=${waiting}`);
        });
      return Promise.all(states);
    },
    (states) => states.length > 0 && states.every((state) => state === "CrashLoopBackOff"),
    (states) => `all pods ${prefix} to crash; they are ${states.join(", ")}`,
  );
}
