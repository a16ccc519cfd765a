import { extract } from "tar-stream";
import { archiveFiles, image } from "../../../local/images/image";
import { type File, layer } from "../../../local/images/layer";

const files: File[] = [
  { path: "/usr/local/bin/node", content: Buffer.from("node"), mode: 0o755 },
  { path: "/app/api.js", content: Buffer.from("serve()") },
];

async function entries(tar: Buffer): Promise<{ name: string; mode: number; mtime: number; uid: number }[]> {
  const found: { name: string; mode: number; mtime: number; uid: number }[] = [];
  const stream = extract();
  stream.end(tar);
  for await (const entry of stream) {
    const { name, mode, mtime, uid } = entry.header;
    found.push({ name, mode: mode!, mtime: mtime!.getTime(), uid: uid! });
    entry.resume();
  }
  return found;
}

describe("a layer", () => {
  it("has the same digest whenever and in whatever order its files are given", async () => {
    const one = await layer(files, ["/tmp"]);
    const two = await layer([...files].reverse(), ["/tmp"]);
    expect(two.digest).toBe(one.digest);
    expect(one.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it.each<[string, File[]]>([
    ["content", [{ path: "/app/api.js", content: Buffer.from("serve( )") }]],
    ["path", [{ path: "/app/api2.js", content: Buffer.from("serve()") }]],
    ["mode", [{ path: "/app/api.js", content: Buffer.from("serve()"), mode: 0o755 }]],
  ])("has another digest when a file's %s is another", async (_, changed) => {
    const original = await layer([{ path: "/app/api.js", content: Buffer.from("serve()") }]);
    expect((await layer(changed)).digest).not.toBe(original.digest);
  });

  it("lists every directory before what is in it, all of it owned by root at time zero", async () => {
    const found = await entries((await layer(files, ["/tmp"])).content);
    expect(found.map(({ name }) => name)).toEqual([
      "app",
      "app/api.js",
      "tmp",
      "usr",
      "usr/local",
      "usr/local/bin",
      "usr/local/bin/node",
    ]);
    expect(found.every(({ mtime, uid }) => mtime === 0 && uid === 0)).toBe(true);
    expect(found.find(({ name }) => name === "tmp")?.mode).toBe(0o1777);
    expect(found.find(({ name }) => name === "app/api.js")?.mode).toBe(0o644);
  });
});

describe("an archive of images", () => {
  it("stores a shared layer once and names each image by tag and by digest", async () => {
    const base = await layer(files);
    const start = { entrypoint: ["node", "/app/api.js"], workingDir: "/app" };
    const images = await Promise.all(
      ["1.0.0", "1.1.0"].map(async (tag) => {
        const app = await layer([{ path: "/app/version", content: Buffer.from(tag) }]);
        return image("local/shop-api", tag, [base, app], start);
      }),
    );
    const archive = archiveFiles(images);

    const blobs = [...archive.keys()].filter((path) => path.startsWith("blobs/"));
    expect(blobs).toHaveLength(7); // the base, and for each image a layer, a configuration and a manifest
    const index = JSON.parse(archive.get("index.json")!.toString()) as {
      manifests: { digest: string; annotations: Record<string, string> }[];
    };
    expect(index.manifests.map(({ annotations }) => annotations["io.containerd.image.name"])).toEqual([
      "docker.io/local/shop-api:1.0.0",
      `docker.io/local/shop-api@${images[0]!.manifest.digest}`,
      "docker.io/local/shop-api:1.1.0",
      `docker.io/local/shop-api@${images[1]!.manifest.digest}`,
    ]);
    for (const { digest } of index.manifests) {
      expect(blobs).toContain(`blobs/${digest.replace(":", "/")}`);
    }
  });

  it("runs processes as a user that is not root, named by number so that Kubernetes can tell", async () => {
    const { config } = image("local/shop-api", "1.0.0", [await layer(files)], {
      entrypoint: ["node"],
      workingDir: "/",
    });
    expect(JSON.parse(config.content.toString())).toMatchObject({ config: { User: "10001:10001" } });
  });
});
