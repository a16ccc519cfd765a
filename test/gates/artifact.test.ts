import * as fc from "fast-check";
import { artifact } from "../../policies/gates/artifact";
import type { ArtifactSource } from "../../policies/gates/input/compatibility";
import type { Release } from "../../rollout/release";
import { completed, next, old, rolledBack, rolling, steady } from "../rollout/releases";
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

describe("what is rolled out is what was released", () => {
  test.each([
    ["the file as it was", known, "pass", /unedited/],
    [
      "an edited file",
      { status: "known", hash: "f".repeat(64) },
      "fail",
      /edited.*ffffffffffff….*Restore it, or release/,
    ],
    [
      "a file that is gone",
      { status: "unavailable", problem: "file not found" },
      "hold",
      /file not found\. Restore it/,
    ],
    ["a file nobody looked at", { status: "not-configured" }, "hold", /nothing was collected/],
  ] as [string, ArtifactSource, string, RegExp][])("%s", (_, source, status, reason) => {
    const verdict = judge(source);
    expect(verdict).toMatchObject({ gate: "artifact", status });
    expect(verdict.reason).toMatch(reason);
  });

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

  test("a migration's too", () => {
    const tagged = { ...migrating, migrations: [{ ...migrating.migrations[0]!, image: "local/migrate:1" }] };
    expect(judge({ status: "known", hash: tagged.hash }, rolling(30, tagged))).toMatchObject({
      status: "fail",
      reason: expect.stringContaining("migration 0001-a"),
    });
  });

  test("of a first install, the release itself is meant", () => {
    const input = (hash: string) =>
      transition({
        kind: "install",
        from: null,
        to: steady(old),
        snapshot: { artifact: { status: "known", hash } },
      });
    expect(artifact(input(old.hash)).status).toBe("pass");
    expect(artifact(input(next.hash)).status).toBe("fail");
  });

  test.each([
    [
      "a finalize: what stays was judged when it came",
      { kind: "finalize", from: completed(), to: steady(next) },
    ],
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
