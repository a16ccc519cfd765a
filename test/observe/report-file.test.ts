import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeReport } from "../../observe/report-file";

describe("the report for programs", () => {
  const dir = mkdtempSync(join(tmpdir(), "report-"));

  test("is written where the environment asks for it, and nowhere else", () => {
    const file = join(dir, "report.json");
    expect(writeReport(file, { outcome: "go" })).toBeNull();
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ outcome: "go" });
    expect(writeReport(undefined, { outcome: "go" })).toBeNull();
  });

  test("that cannot be written is told, and stops nothing: least of all a rollback", () => {
    expect(writeReport(join(dir, "none", "report.json"), {})).toMatch(/RELEASE_REPORT_JSON.*ENOENT/);
  });
});
