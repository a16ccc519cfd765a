import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packRun } from "../../policies/pack/run";

const dir = mkdtempSync(join(tmpdir(), "pack-"));
writeFileSync(join(dir, "Pulumi.yaml"), "name: release-channels\n");

const engine = {
  PULUMI_PROJECT: "release-channels",
  PULUMI_STACK: "canary",
  PULUMI_DRY_RUN: "true",
  PULUMI_CONFIG: '{"release-channels:version":"1.0.0"}',
};

describe("what the engine tells the pack", () => {
  test("is its run; the program is in the folder above the pack", () => {
    expect(packRun(engine, join(dir, "policies"))).toEqual({
      organization: "organization",
      project: "release-channels",
      stack: "canary",
      preview: true,
      configuration: { "release-channels:version": "1.0.0" },
      projectDir: dir,
    });
  });

  test("may leave the folder to RELEASE_PROJECT_DIR", () => {
    expect(packRun({ ...engine, RELEASE_PROJECT_DIR: dir }, "/opt/policies").projectDir).toBe(dir);
  });

  test.each(Object.keys(engine))("is refused without %s", (name) => {
    expect(() => packRun({ ...engine, [name]: undefined }, join(dir, "policies"))).toThrow(name);
  });

  test("is refused where the folder is not that of the project", () => {
    expect(() => packRun({ ...engine, PULUMI_PROJECT: "other" }, join(dir, "policies"))).toThrow(
      /looks at the project release-channels .*RELEASE_PROJECT_DIR/,
    );
    expect(() => packRun(engine, "/opt/policies")).toThrow(
      /cannot read \/opt\/Pulumi\.yaml.*RELEASE_PROJECT_DIR/,
    );
  });
});
