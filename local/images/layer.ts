import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";

export interface File {
  /** Absolute path inside the image. */
  path: string;
  content: Buffer;
  /** Permission bits; 0644 if left out. */
  mode?: number;
}

/** A blob as OCI names it: its content, `sha256:<64 hex>` and the media type. */
export interface Blob {
  mediaType: string;
  digest: string;
  content: Buffer;
}

export function blob(mediaType: string, content: Buffer): Blob {
  return { mediaType, digest: `sha256:${createHash("sha256").update(content).digest("hex")}`, content };
}

function parents(path: string): string[] {
  const names = path.split("/").slice(1, -1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`);
}

/**
 * A layer with these files, owned by root. The same files give the same digest wherever and whenever it is made:
 * entries are sorted, times are zero and nothing is compressed (the result would depend on the compressor).
 * `worldWritable` names directories that every user may write to.
 */
export async function layer(files: File[], worldWritable: string[] = []): Promise<Blob> {
  const directories = new Set([...files.flatMap((file) => parents(file.path)), ...worldWritable]);
  const entries = [
    ...[...directories].map((path) => ({
      path,
      directory: true,
      mode: worldWritable.includes(path) ? 0o1777 : 0o755,
    })),
    ...files.map((file) => ({ path: file.path, content: file.content, mode: file.mode ?? 0o644 })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const tar = pack();
  const content = buffer(tar);
  for (const entry of entries) {
    const header = { name: entry.path.slice(1), mode: entry.mode, mtime: new Date(0), uid: 0, gid: 0 };
    if ("content" in entry) {
      tar.entry({ ...header, type: "file" }, entry.content);
    } else {
      tar.entry({ ...header, type: "directory" });
    }
  }
  tar.finalize();
  return blob("application/vnd.oci.image.layer.v1.tar", await content);
}
