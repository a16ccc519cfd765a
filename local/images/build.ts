import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { access, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import { cacheDir, projectDir, releasesDir } from "../settings";
import { applicationImage } from "./application";
import { nodeLayer, pauseLayer, postgresLayer } from "./base";
import { applications } from "./catalogue";
import { archiveFiles, type Image, image } from "./image";
import { ledgerImage } from "./ledger";
import { writeReleases } from "./releases";

export interface BuiltImage {
  /** Name without registry and tag: `local/shop-api`. */
  name: string;
  /** `1.1.0` */
  tag: string;
  /** Digest of the manifest, which pods name it by: `sha256:<64 hex>`. */
  digest: string;
  /** An OCI archive for `ctr images import`. All images share one archive: import each path once. */
  archivePath: string;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Removes archives older than a day: whoever still needs one builds it again in seconds. */
async function forgetOld(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > 24 * 60 * 60 * 1000) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** Writes the archive of these images into the cache unless it is there: its name is the hash of its content. */
async function writeArchive(images: Image[], dir: string): Promise<string> {
  const files = archiveFiles(images);
  const key = createHash("sha256")
    .update(files.get("index.json") ?? "")
    .digest("hex");
  const path = join(dir, key, "images.tar");
  if (await exists(path)) {
    return path;
  }
  await mkdir(dirname(path), { recursive: true });
  await forgetOld(dir);
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}`);
  const tar = pack();
  for (const [name, content] of files) {
    tar.entry({ name, mode: 0o644, mtime: new Date(0) }, content);
  }
  tar.finalize();
  try {
    await pipeline(tar, createWriteStream(partial));
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
  return path;
}

/**
 * Builds the sample product's images, `local/ledger:1` and `local/pause:1` from this machine's own files, and writes the sample's
 * release files with their digests. Everything is derived anew, in a second or two, so nothing can be stale; only
 * the archive, which is large, is kept in the cache.
 */
export async function buildImages(): Promise<BuiltImage[]> {
  const [node, postgres] = await Promise.all([nodeLayer(), postgresLayer()]);
  const pauseStart = { entrypoint: ["/pause"], workingDir: "/" };
  const images = [
    image("local/pause", "1", [await pauseLayer()], pauseStart),
    await ledgerImage(),
    ...(await Promise.all(
      applications.map((application) =>
        applicationImage(application, application.postgresPrograms ? [node, postgres] : [node]),
      ),
    )),
  ];
  const archivePath = await writeArchive(images, join(cacheDir, "images"));
  const built = images.map(({ name, tag, manifest }) => ({
    name,
    tag,
    digest: manifest.digest,
    archivePath,
  }));
  await writeReleases(built, join(projectDir, "local/sample/releases"), releasesDir);
  return built;
}
