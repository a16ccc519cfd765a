import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { accessPolicy } from "../../../config/schemas/access";
import { signOverride } from "../../../evidence/approvals/decision";
import { generateKey } from "../../../evidence/approvals/keygen";
import { signingKey } from "../../../evidence/signing";
import { clusterEnvironment } from "../../../local/cluster/environment";
import { projectDir } from "../../../local/settings";
import type { TestChannel } from "./channel";
import type { CommandResult } from "./command";
import { clusterUser } from "./kubernetes";

/**
 * Who decides about a channel: Ann, who signs, and Bob, who runs the updates and whom the cluster knows by the
 * kubeconfig's user.
 */
export class People {
  readonly #channel: TestChannel;
  readonly #accessFile: string;
  readonly #keyFile: string;
  readonly #annsKeys: object;
  readonly #bobsUser: string;

  private constructor(channel: TestChannel, bobsUser: string) {
    this.#channel = channel;
    this.#bobsUser = bobsUser;
    this.#accessFile = join(channel.dir, "access.yaml");
    this.#keyFile = join(channel.dir, "ann.pem");
    const entry = parse(generateKey({ file: this.#keyFile, name: "ann", keyId: "ann-1" }));
    this.#annsKeys = entry.identities[0].keys;
    channel.configure({ access: this.#accessFile });
  }

  /** From now on the channel has an access file: Ann is of operations, and Bob has no role. */
  static async decideAbout(channel: TestChannel): Promise<People> {
    const people = new People(channel, await clusterUser());
    people.bobHas();
    return people;
  }

  bobHas(...roles: string[]): void {
    const identities = [
      { name: "ann", roles: ["operations"], keys: this.#annsKeys },
      { name: "bob", roles, cluster: { username: this.#bobsUser } },
    ];
    writeFileSync(this.#accessFile, stringify({ identities }));
  }

  annApproves(scope: string, ...options: string[]): Promise<CommandResult> {
    return this.#approve("sign", "--scope", scope, ...options);
  }

  annOverrides(gate: string, reason: string): Promise<CommandResult> {
    return this.#approve("override", "--gate", gate, "--reason", reason);
  }

  /** Signs what the command refuses to sign, for the release with this file. */
  async annForcesOverride(gate: string, hash: string): Promise<void> {
    const { stack, settings, section } = this.#channel;
    const access = accessPolicy.parse(parse(readFileSync(this.#accessFile, "utf8")));
    const now = Date.now();
    const payload = {
      channel: stack,
      version: settings.version ?? "",
      hash,
      gate,
      reason: "I know better",
      signedAt: new Date(now).toISOString(),
      expiresAt: new Date(now + 3_600_000).toISOString(),
    };
    const token = await signOverride(payload, signingKey(readFileSync(this.#keyFile, "utf8"), access));
    writeFileSync(join(section.approvals?.folder ?? "", "forced.jws"), token);
  }

  /** `npm run approve` */
  async #approve(command: string, ...args: string[]): Promise<CommandResult> {
    const own = ["--channel", this.#channel.stack, "--key-file", this.#keyFile];
    try {
      const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        ["run.cjs", "evidence/approvals/cli.ts", command, ...own, ...args],
        { cwd: projectDir, env: { ...process.env, ...clusterEnvironment() } },
      );
      return { exitCode: 0, output: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { exitCode: code, output: stdout + stderr };
    }
  }
}
