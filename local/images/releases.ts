import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isScalar, parseDocument, visit } from "yaml";

/** An image that a release file may name. */
export interface NamedImage {
  name: string;
  tag: string;
  digest: string;
}

/**
 * Fills a release file: every `image: name:tag` becomes `image: name@sha256:…`, the rest stays as it is written,
 * comments too. `source` is the file's name for errors.
 */
export function fillRelease(template: string, images: NamedImage[], source: string): string {
  const document = parseDocument(template);
  const [error] = document.errors;
  if (error !== undefined) {
    throw new Error(`${source}: ${error.message}`);
  }
  const edits: { start: number; end: number; text: string }[] = [];
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || key.value !== "image" || !isScalar(value) || !value.range) {
        return;
      }
      const built = images.find(({ name, tag }) => `${name}:${tag}` === value.value);
      if (built === undefined) {
        throw new Error(`${source}: found image "${value.value}", expected one of those that are built`);
      }
      const [start, end] = value.range;
      edits.push({ start, end, text: `${built.name}@${built.digest}` });
    },
  });
  return edits
    .reverse()
    .reduce((text, { start, end, text: image }) => text.slice(0, start) + image + text.slice(end), template);
}

/** Fills all release files of a folder into another one; files whose content is right are not touched. */
export async function writeReleases(images: NamedImage[], templates: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const file of (await readdir(templates)).filter((name) => name.endsWith(".yaml"))) {
    const source = join(templates, file);
    const content = fillRelease(await readFile(source, "utf8"), images, source);
    const path = join(target, file);
    const present = await readFile(path, "utf8").catch(() => undefined);
    if (present !== content) {
      const partial = join(target, `.${file}.${process.pid}`);
      await writeFile(partial, content);
      await rename(partial, path);
    }
  }
}
