import { observeSharing } from "../../observe/sharing";
import type { JudgedTransition, SnapshotSources } from "../../observe/snapshot";
import type { Memory } from "../../observe/state";
import { dataSchema } from "../../policies/gates/data-schema";
import type { Position } from "../../rollout/record";
import { releaseWith, schema } from "../gates/releases-of-data";
import { aChannel, transition } from "../gates/transitions";
import { completed, intentTo, next, recordOf, rolledBack, rolling, steady } from "../rollout/releases";

const others = [
  ["finalize", completed(), steady(next)],
  ["rollback", rolling(30), rolledBack()],
  ["correct", rolling(30), rolling(10)],
] as const;
const transitionOf = (
  kind: JudgedTransition["kind"],
  from: Position | null,
  to: Position,
): JudgedTransition => ({
  kind,
  to,
  record: from === null ? null : recordOf(from),
});

describe("releases of the channels that share a data store", () => {
  const memory = (position: Position | null, more: Partial<Memory> = {}): Memory => ({
    record: position === null ? null : recordOf(position),
    intent: position === null ? null : intentTo("advance", position, "t1"),
    ...more,
  });
  const observe = (
    memories: Record<string, Memory | Error>,
    judged = transitionOf("start", steady(), rolling(10)),
    sharesDataWith = Object.keys(memories),
  ) =>
    observeSharing(judged, {
      channel: aChannel({ sharesDataWith }),
      channelName: "canary",
      projectDir: process.cwd(),
      readMemory: (stack: string) => {
        const found = memories[stack];
        return found instanceof Error || found === undefined
          ? Promise.reject(found ?? new Error(`asked for ${stack}`))
          : Promise.resolve(found);
      },
    } as unknown as SnapshotSources);

  test.each([
    ["one release", memory(steady()), ["1.0.0"]],
    ["baseline and candidate", memory(rolling(30)), ["1.0.0", "1.1.0"]],
    ["a candidate that was rolled back and is still there", memory(rolledBack()), ["1.0.0", "1.1.0"]],
    ["nothing yet", memory(null), []],
    [
      "what an update that did not get to its end may have brought up",
      memory(steady(), { intent: intentTo("start", rolling(10)) }),
      ["1.0.0", "1.1.0"],
    ],
    [
      "a first install that did not get to its end",
      memory(null, { intent: intentTo("install", steady()) }),
      ["1.0.0"],
    ],
  ] as [string, Memory, string[]][])("are %s", async (_, remembered, versions) => {
    const source = await observe({ stable: remembered });
    if (source.status !== "known") throw new Error(source.status);
    expect(source.channels.stable!.map(({ version }) => version)).toEqual(versions);
  });

  test("come with what they declare", async () => {
    const live = releaseWith("1.0.0", { data: schema(1, 1, 2) });
    expect(await observe({ stable: memory(steady(live)) })).toEqual({
      status: "known",
      channels: { stable: [{ version: "1.0.0", hash: live.hash, data: schema(1, 1, 2) }] },
    });
  });

  test("are not known when one channel does not answer, which is named", async () => {
    const source = await observe({ stable: memory(steady()), beta: new Error("no such backend") });
    expect(source).toEqual({ status: "unavailable", problem: "beta: no such backend" });
    const mine = releaseWith("1.0.0", { data: schema(1, 1) });
    const input = transition({
      kind: "install",
      from: null,
      to: steady(mine),
      channel: aChannel({ sharesDataWith: ["stable", "beta"] }),
    });
    const verdict = dataSchema({ ...input, snapshot: { ...input.snapshot, sharing: source } });
    expect(verdict).toMatchObject({ status: "hold", reason: expect.stringContaining("no such backend") });
  });

  test("are not known of a name that neither a stack nor a file has: it may be misspelt", async () => {
    expect(await observe({ stabel: memory(null) })).toEqual({
      status: "unavailable",
      problem:
        "stabel: there is neither such a stack nor a file Pulumi.stabel.yaml (key channel.sharesDataWith)",
    });
    expect(await observe({ stabel: memory(steady()) })).toMatchObject({ status: "known" });
  });

  test("are not asked for where none share it, also not of the channel itself", async () => {
    expect(await observe({}, transitionOf("start", steady(), rolling(10)), [])).toEqual({
      status: "not-configured",
    });
    const own = await observe({}, transitionOf("start", steady(), rolling(10)), ["canary"]);
    expect(own).toEqual({ status: "not-configured" });
  });

  test.each(others)("nor for a %s: it works when all others are gone", async (kind, from, to) => {
    const source = await observe({ stable: new Error("gone") }, transitionOf(kind, from, to));
    expect(source).toEqual({ status: "not-configured" });
  });
});
