import { type Blob, blob } from "./layer";

/** How a container of an image starts unless its pod says otherwise. */
export interface Start {
  entrypoint: string[];
  workingDir: string;
}

export interface Image {
  /** Name without registry and tag: `local/shop-api`. */
  name: string;
  tag: string;
  manifest: Blob;
  config: Blob;
  layers: Blob[];
}

/** The user of every image's processes: none that exists on the node. */
export const userId = 10001;

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64" };

function json(mediaType: string, value: unknown): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function descriptor({ mediaType, digest, content }: Blob): {
  mediaType: string;
  digest: string;
  size: number;
} {
  return { mediaType, digest, size: content.length };
}

/** An OCI image of these layers, lowest first. */
export function image(name: string, tag: string, layers: Blob[], start: Start): Image {
  const config = json("application/vnd.oci.image.config.v1+json", {
    created: "1970-01-01T00:00:00Z",
    architecture: architectures[process.arch] ?? process.arch,
    os: "linux",
    config: {
      User: `${userId}:${userId}`,
      Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_ENV=production"],
      Entrypoint: start.entrypoint,
      WorkingDir: start.workingDir,
    },
    rootfs: { type: "layers", diff_ids: layers.map((one) => one.digest) },
    history: layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "release-channels" })),
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = json(mediaType, {
    schemaVersion: 2,
    mediaType,
    config: descriptor(config),
    layers: layers.map(descriptor),
  });
  return { name, tag, manifest, config, layers };
}

/** Everything an OCI archive contains, by path; blobs that images share appear once. */
export function archiveFiles(images: Image[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  files.set("oci-layout", Buffer.from(JSON.stringify({ imageLayoutVersion: "1.0.0" })));
  // Pods name images by digest, and the runtime looks an image up by its whole name: each one gets two names.
  const manifests = images.flatMap(({ name, tag, manifest }) =>
    [`docker.io/${name}:${tag}`, `docker.io/${name}@${manifest.digest}`].map((fullName) => ({
      ...descriptor(manifest),
      annotations: { "io.containerd.image.name": fullName, "org.opencontainers.image.ref.name": fullName },
    })),
  );
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  files.set("index.json", Buffer.from(JSON.stringify(index)));
  for (const { manifest, config, layers } of images) {
    for (const { digest, content } of [manifest, config, ...layers]) {
      files.set(`blobs/${digest.replace(":", "/")}`, content);
    }
  }
  return files;
}
