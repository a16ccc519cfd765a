import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { runApprove } from "../../evidence/approvals/command";
import { Project } from "../config/files";
import { person } from "../evidence/keys";

const root = join(__dirname, "../..");

export const ann = person("ann", ["operations"]);
export const bob = person("bob", ["business"]);

export const backupJob = {
  image: `local/shop-backup@sha256:${"b".repeat(64)}`,
  secrets: { DATABASE_URL: { name: "shop-database", key: "url" } },
  volumeClaim: "shop-backup",
};

const release = {
  product: "shop",
  version: "1.1.0",
  services: {
    api: {
      image: `local/shop-api@sha256:${"a".repeat(64)}`,
      http: { port: 8080 },
      probes: { readiness: { path: "/readyz", port: 8080 } },
    },
  },
};

/** A project whose channel makes backups, and in which operations may approve that one is restored. */
export class RestoreProject extends Project {
  constructor(section: object = {}) {
    super();
    copyFileSync(join(root, "Pulumi.yaml"), join(this.folder, "Pulumi.yaml"));
    this.write("releases/1.1.0.yaml", stringify(release));
    this.write("access.yaml", stringify({ identities: [ann.identity, bob.identity] }));
    this.section(section);
  }

  /** Fields of the channel's section beside those of the sample. */
  section(fields: object): void {
    const { config } = parse(readFileSync(join(root, "Pulumi.canary.yaml"), "utf8"));
    Object.assign(config["release-channels:channel"], {
      releases: "releases",
      access: "access.yaml",
      permissions: { restore: ["operations"] },
      backup: { job: backupJob },
      ...fields,
    });
    config["release-channels:version"] = "1.1.0";
    this.write("Pulumi.canary.yaml", stringify({ config }));
  }

  /** Signs as the command does; what it said. */
  async sign(by: typeof ann, scope: string, options: { expires?: string; now?: Date } = {}): Promise<string> {
    const key = join(this.folder, "key.pem");
    writeFileSync(key, by.pem, { mode: 0o600 });
    let said = "";
    const code = await runApprove(
      [
        "sign",
        "--channel",
        "canary",
        "--scope",
        scope,
        "--expires",
        options.expires ?? "4h",
        "--key-file",
        key,
      ],
      {
        projectDir: this.folder,
        environment: {},
        now: options.now ?? new Date(),
        write: (text) => {
          said += text;
        },
        complain: (text) => {
          said += text;
        },
      },
    );
    return `${code}: ${said}`;
  }
}
