import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { releaseFile } from "../../../config/schemas/release";
import { applications } from "../../../local/images/catalogue";
import { fillRelease, type NamedImage, writeReleases } from "../../../local/images/releases";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const templates = "local/sample/releases";
const ledger = { name: "local/ledger", tag: "1" };
const images: NamedImage[] = [...applications, ledger].map(({ name, tag }) => ({
  name,
  tag,
  digest: digest("a"),
}));

interface Release {
  version: string;
  services: Record<string, { image: string; command: string[] }>;
  migrations: { id: string; phase: string; image: string; command: string[]; down?: { command: string[] } }[];
  reconciliation?: { image: string; command: string[] };
}

const programs = ({ services, migrations, reconciliation }: Release) => [
  ...Object.values(services),
  ...migrations,
  ...(reconciliation === undefined ? [] : [reconciliation]),
];

describe("filling a release file", () => {
  it("replaces tags by digests and keeps everything else, comments too", () => {
    const template = "# why\nservices:\n  api: { image: local/shop-api:1.0.0 } # by tag\n  env: {A: b}\n";
    const filled = fillRelease(
      template,
      [{ name: "local/shop-api", tag: "1.0.0", digest: digest("b") }],
      "r.yaml",
    );
    expect(filled).toBe(template.replace("shop-api:1.0.0", `shop-api@${digest("b")}`));
  });

  it("refuses an image that is not built, naming file and image", () => {
    expect(() => fillRelease("services: {api: {image: local/shop-api:9}}", images, "r.yaml")).toThrow(
      'r.yaml: found image "local/shop-api:9"',
    );
  });

  it("refuses a file that is not YAML", () => {
    expect(() => fillRelease("services: {", images, "r.yaml")).toThrow(/^r\.yaml: /);
  });
});

describe("the sample's release files", () => {
  let target: string;
  beforeEach(() => {
    target = mkdtempSync(join(tmpdir(), "releases-"));
  });
  afterEach(() => rmSync(target, { recursive: true }));

  it("are written for every version, with all images by digest", async () => {
    await writeReleases(images, templates, target);
    expect(readdirSync(target).sort()).toEqual(
      ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0", "1.6.0", "1.7.0", "1.8.0"].map(
        (v) => `${v}.yaml`,
      ),
    );
    for (const file of readdirSync(target)) {
      const release = parse(readFileSync(join(target, file), "utf8")) as Release;
      expect(`${release.version}.yaml`).toBe(file);
      expect(Object.keys(release.services)).toEqual(["api", "worker"]);
      for (const { image } of programs(release)) {
        expect(image).toMatch(/^local\/shop-(api|worker|migrate)@sha256:[0-9a-f]{64}$/);
      }
    }
  });

  it("are left alone when they are right already, and rewritten when a digest changes", async () => {
    await writeReleases(images, templates, target);
    const path = join(target, "1.0.0.yaml");
    const first = statSync(path);
    await writeReleases(images, templates, target);
    expect(statSync(path).ino).toBe(first.ino);
    await writeReleases(
      images.map((one) => ({ ...one, digest: digest("c") })),
      templates,
      target,
    );
    expect(readFileSync(path, "utf8")).toContain(digest("c"));
    expect(readdirSync(target).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("start programs, and migrate to versions, that their images contain", () => {
    for (const file of readdirSync(templates)) {
      const release = parse(readFileSync(join(templates, file), "utf8")) as Release;
      for (const { image, command } of programs(release)) {
        const application = applications.find(({ name, tag }) => `${name}:${tag}` === image)!;
        expect(command.slice(0, 2)).toEqual(["node", application.program]);
      }
      for (const { id, phase, image, command, down } of release.migrations) {
        const { files } = applications.find(({ name, tag }) => `${name}:${tag}` === image)!;
        const number = id.slice(0, 4);
        expect(command.slice(2)).toEqual([phase === "backfill" ? "backfill" : "up", "--to", number]);
        if (down !== undefined) {
          const before = String(Number(number) - 1).padStart(4, "0");
          expect(down.command).toEqual([...command.slice(0, 2), "down", "--to", before]);
        }
        expect(
          Object.keys(files).map((path) => path.replace("/app/migrations/", "").replace("_", "-")),
        ).toContain(`${id}.sql`);
      }
    }
  });

  it("are release files as the channels read them", async () => {
    await writeReleases(images, templates, target);
    for (const file of readdirSync(target)) {
      const content: unknown = parse(readFileSync(join(target, file), "utf8"));
      expect(releaseFile.safeParse(content).error?.issues ?? []).toEqual([]);
    }
  });

  it("keep the migrations of earlier releases as they are", () => {
    const migrations = readdirSync(templates).flatMap(
      (file) => (parse(readFileSync(join(templates, file), "utf8")) as Release).migrations,
    );
    const byId = new Map(migrations.map((migration) => [migration.id, migration]));
    for (const migration of migrations) {
      expect(migration).toEqual(byId.get(migration.id));
    }
  });
});
