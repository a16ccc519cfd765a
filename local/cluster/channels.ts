import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stateDir } from "../settings";

/** What the embedded cluster offers one release channel of the sample product. */
export interface Channel {
  /** Name of the Pulumi stack: `canary`. */
  stack: string;
  namespace: string;
  /** Name of the channel's database and of the role that owns it. */
  database: string;
  password: string;
  /** Role that may create databases, for restore tests, and has no right to the channel's own. */
  scratch: { role: string; password: string };
}

const secretsDir = join(stateDir, "secrets");

export function channels(): Channel[] {
  return ["canary", "stable"].map((stack) => {
    const database = `shop_${stack}`;
    const role = `${database}_scratch`;
    return {
      stack,
      namespace: `shop-${stack}`,
      database,
      password: randomSecret(database).value,
      scratch: { role, password: randomSecret(role).value },
    };
  });
}

/** A random secret kept in a file that only its owner can read; made on first use. */
export function randomSecret(name: string): { path: string; value: string } {
  const path = join(secretsDir, name);
  mkdirSync(secretsDir, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString("base64url"), { mode: 0o600 });
  return { path, value: readFileSync(path, "utf8") };
}
