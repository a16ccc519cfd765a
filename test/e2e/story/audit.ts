import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { V1ConfigMap } from "@kubernetes/client-node";
import { stringify } from "yaml";
import { generateKey } from "../../../evidence/approvals/keygen";
import { publicHalf, signingOf } from "../../../evidence/chain/keys";
import { clusterEnvironment } from "../../../local/cluster/environment";
import { projectDir } from "../../../local/settings";
import { evidenceName } from "../../../rollout/labels";
import { kubectl } from "./by-hand";
import type { TestChannel } from "./channel";
import type { CommandResult } from "./command";

/** From now on the channel's evidence has to be signed, and nothing goes on without the key. */
export async function evidenceHasToBeSigned(channel: TestChannel): Promise<{ keyIsGiven(): void }> {
  const [key, access] = [join(channel.dir, "evidence.pem"), join(channel.dir, "access.yaml")];
  generateKey({ file: key, name: "pipeline", keyId: "evidence" });
  const signing = await signingOf({ RELEASE_EVIDENCE_KEY_FILE: key }, projectDir);
  if (signing.key === null) throw new Error(signing.why);
  writeFileSync(
    access,
    stringify({ evidence: { required: true, keys: [{ ed25519: publicHalf(signing.key) }] } }),
  );
  channel.configure({ access, approvals: { rules: [] } });
  return {
    keyIsGiven: () => {
      channel.environment.RELEASE_EVIDENCE_KEY_FILE = key;
    },
  };
}

/** `npm run audit` */
export async function audit({ stack }: TestChannel, ...args: string[]): Promise<CommandResult> {
  const command = ["run.cjs", "evidence/audit/cli.ts", ...args, "--channel", stack];
  const options = { cwd: projectDir, env: { ...process.env, ...clusterEnvironment() } };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, command, options);
    return { exitCode: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, output: stdout + stderr };
  }
}

/** Evidence of a channel as a person with rights on its namespace can lay hands on it. */
export class EvidenceByHand {
  constructor(private readonly channel: TestChannel) {}

  async read(sequence: number): Promise<V1ConfigMap> {
    const text = await kubectl(this.channel, "get", "configmap", this.#name(sequence), "--output", "json");
    const { metadata, ...object } = JSON.parse(text) as V1ConfigMap;
    const { name, labels, annotations } = metadata ?? {};
    return { ...object, metadata: { name, labels, annotations } };
  }

  /** It cannot be changed in place. */
  async replace(sequence: number, object: V1ConfigMap): Promise<void> {
    await this.remove(sequence);
    const file = join(this.channel.dir, "by-hand.json");
    writeFileSync(
      file,
      JSON.stringify({ ...object, metadata: { ...object.metadata, name: this.#name(sequence) } }),
    );
    await kubectl(this.channel, "create", "--filename", file);
  }

  async remove(sequence: number): Promise<void> {
    await kubectl(this.channel, "delete", "configmap", this.#name(sequence), "--ignore-not-found");
  }

  /** What the API server says to a change in place. */
  async patch(sequence: number): Promise<string> {
    const patch = JSON.stringify({ data: { envelope: "{}" } });
    return kubectl(this.channel, "patch", "configmap", this.#name(sequence), "--patch", patch).then(
      () => "patched",
      (error: Error) => error.message,
    );
  }

  #name(sequence: number): string {
    const { section, stack } = this.channel;
    return evidenceName(section.product, stack, sequence);
  }
}

/** With another actor in its statement, and the signature as it was. */
export function withAnotherActor(object: V1ConfigMap): V1ConfigMap {
  const envelope = JSON.parse(object.data?.envelope ?? "");
  const text = Buffer.from(envelope.payload, "base64").toString("utf8");
  const edited = text.replace(/"actor":\{"name":"[^"]*"/, '"actor":{"name":"somebody else"');
  const payload = Buffer.from(edited).toString("base64");
  return { ...object, data: { envelope: JSON.stringify({ ...envelope, payload }) } };
}
