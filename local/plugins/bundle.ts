import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { cacheDir, projectDir } from "../settings";

export const standIns = ["kubernetes", "command"] as const;
export type StandIn = (typeof standIns)[number];

const sourceDir = join(projectDir, "local", "plugins");

/**
 * Bundles a stand-in, with everything it needs, into one file in the cache and returns its path. Done once
 * per content of the sources and the dependencies.
 */
export async function bundle(name: StandIn, version: string): Promise<string> {
  const file = join(cacheDir, "plugins", `${name}-${await contentHash(name, version)}`, "plugin.cjs");
  if (existsSync(file)) {
    return file;
  }
  const { outputFiles } = await build({
    entryPoints: [join(sourceDir, name, "main.ts")],
    absWorkingDir: projectDir,
    bundle: true,
    write: false,
    minify: true,
    keepNames: true,
    legalComments: "none",
    platform: "node",
    target: "node20",
    format: "cjs",
    logLevel: "error",
    define: { "process.env.RELEASE_CHANNELS_PLUGIN_VERSION": JSON.stringify(version) },
  });
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, outputFiles[0]?.contents ?? "");
  await rename(unfinished, file);
  return file;
}

async function contentHash(name: StandIn, version: string): Promise<string> {
  const sources = await Promise.all(
    ["protocol", name].map(async (folder) => {
      const files = await readdir(join(sourceDir, folder), { recursive: true });
      return files.filter((file) => file.endsWith(".ts")).map((file) => join(sourceDir, folder, file));
    }),
  );
  const hash = createHash("sha256").update(version);
  for (const file of [...sources.flat().sort(), join(projectDir, "package-lock.json")]) {
    hash.update(`\0${file.slice(projectDir.length)}\0`).update(await readFile(file));
  }
  return hash.digest("hex").slice(0, 16);
}
