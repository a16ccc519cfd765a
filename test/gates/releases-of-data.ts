import type { DataSpec } from "../../config/schemas/release";
import { type Release, resolveRelease } from "../../rollout/release";
import { aFile, apiAndWorker } from "../rollout/releases";

const image = `local/shop-migrate@sha256:${"d".repeat(64)}`;

/** Migrations as a release file has them, each with some image. */
export function migrationsOf(list: readonly object[]) {
  return list.map((migration) => ({ image, ...migration }));
}

/** A release with services as usual, and this in its file. */
export function releaseWith(version: string, { migrations = [], ...more }: ReleaseParts = {}): Release {
  return resolveRelease(aFile(version, apiAndWorker, { ...more, migrations: migrationsOf(migrations) }), {});
}

export interface ReleaseParts {
  data?: DataSpec;
  migrations?: readonly object[];
  plugins?: Record<string, string>;
  peers?: Record<string, string>;
}

export const schema = (writes: number, ...reads: number[]): DataSpec => ({ writes, reads });
