import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { exportedMemory } from "../../observe/exported-state";
import { intentTo, recordOf, rolling } from "../rollout/releases";

const dir = mkdtempSync(join(tmpdir(), "export-"));
const path = process.env.PATH;
const stack = "organization/release-channels/canary";

/** An engine's command that answers so, and notes how it was called. */
function pulumiThat(script: string): void {
  const file = join(dir, "pulumi");
  writeFileSync(file, `#!/bin/sh\necho "$@" > ${join(dir, "arguments")}\n${script}\n`);
  chmodSync(file, 0o755);
  process.env.PATH = [dir, path].join(delimiter);
}

function prints(deployment: unknown): string {
  const file = join(dir, "answer.json");
  writeFileSync(file, JSON.stringify({ version: 3, deployment }));
  return `cat ${file}`;
}

const stash = (name: string, input: unknown) => ({
  urn: `urn:pulumi:canary::release-channels::release-channels:index:ReleaseChannel$pulumi:index:Stash::${name}`,
  type: "pulumi:index:Stash",
  outputs: { input, output: "an earlier value" },
});

afterEach(() => {
  process.env.PATH = path;
});

describe("the memory of a stack, by the engine's own command", () => {
  const record = recordOf(rolling(10));
  const intent = intentTo("advance", rolling(30));

  test("is what its two Stashes were given last", async () => {
    const other = { urn: "urn:pulumi:canary::release-channels::pulumi:pulumi:Stack::x" };
    pulumiThat(prints({ resources: [other, stash("intent", intent), stash("record", record)] }));
    expect(await exportedMemory(stack, dir)).toEqual({ intent, record });
  });

  test.each([{ resources: [] }, {}, null])("is empty before the first update (%j)", async (deployment) => {
    pulumiThat(prints(deployment));
    expect(await exportedMemory(stack, dir)).toEqual({ intent: null, record: null });
  });

  test("cannot be read where there is no such stack", async () => {
    pulumiThat("echo 'error: no stack named canary found' >&2; exit 255");
    await expect(exportedMemory(stack, dir)).rejects.toThrow(
      "The state of stack organization/release-channels/canary cannot be read (pulumi stack export): error: no stack named canary found",
    );
  });

  test("cannot be read where there is no such command", async () => {
    process.env.PATH = dir;
    writeFileSync(join(dir, "pulumi"), "");
    chmodSync(join(dir, "pulumi"), 0o644);
    await expect(exportedMemory(stack, dir)).rejects.toThrow(/cannot be read \(pulumi stack export\)/);
  });

  test("cannot be read where it is something else", async () => {
    pulumiThat(prints({ resources: [stash("record", { weight: "much" })] }));
    await expect(exportedMemory(stack, dir)).rejects.toThrow(/The record in the state of stack/);
  });
});
