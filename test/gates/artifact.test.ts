import * as fc from "fast-check";
import { artifact } from "../../policies/gates/artifact";
import type { ArtifactSource } from "../../policies/gates/input/compatibility";
import type { Release } from "../../rollout/release";
import { next, old, rolledBack, rolling } from "../rollout/releases";
import { releaseWith } from "./releases-of-data";
import { transition } from "./transitions";

const known: ArtifactSource = { status: "known", hash: next.hash };
const judge = (source: ArtifactSource, to = rolling(30)) =>
  artifact(transition({ to, snapshot: { artifact: source } }));

const migrating = releaseWith("1.1.0", { migrations: [{ id: "0001-a", phase: "expand" }] });
const withImage = (release: Release, image: string): Release => ({
  ...release,
  services: { ...release.services, api: { ...release.services.api!, image } },
});

describe("an image that no file could name, of a record from elsewhere", () => {
  test.each([
    "local/shop:1.1.0",
    "local/shop",
    "local/shop@sha256:abc",
    `local/shop@sha256:${"a".repeat(63)}g`,
  ])("a service's image %s is refused", (image) => {
    const verdict = judge(known, rolling(30, withImage(next, image)));
    expect(verdict).toMatchObject({ status: "fail", reason: expect.stringContaining("service api") });
    expect(verdict.reason).toContain(image);
  });

  test("a migration's is refused too", () => {
    const tagged = { ...migrating, migrations: [{ ...migrating.migrations[0]!, image: "local/migrate:1" }] };
    expect(judge({ status: "known", hash: tagged.hash }, rolling(30, tagged))).toMatchObject({
      status: "fail",
      reason: expect.stringContaining("migration 0001-a"),
    });
  });

  test.each([
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["a correction", { kind: "correct" }],
  ] as const)("%s is not judged", (_, more) => {
    expect(
      artifact(transition({ ...more, snapshot: { artifact: { status: "not-configured" } } })).status,
    ).toBe("skipped");
  });
});

test("whatever else is there, it passes only with the very hash and every image by digest", () => {
  const source = fc.oneof(
    fc.constantFrom(next.hash, old.hash, "").map((hash): ArtifactSource => ({ status: "known", hash })),
    fc.constant<ArtifactSource>({ status: "unavailable", problem: "gone" }),
    fc.constant<ArtifactSource>({ status: "not-configured" }),
  );
  const image = fc.constantFrom(next.services.api!.image, "local/shop:1");
  fc.assert(
    fc.property(source, image, (found, named) => {
      const { status } = judge(found, rolling(30, withImage(next, named)));
      const good = found.status === "known" && found.hash === next.hash && named !== "local/shop:1";
      expect(status === "pass").toBe(good);
    }),
  );
});
