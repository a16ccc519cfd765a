import { existsSync, readFileSync } from "node:fs";

interface Row {
  check: string;
  keptBy: string;
  name: string;
  remark: string;
}

const rows: Row[] = readFileSync("docs/release-practice.md", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("|") && !line.startsWith("| check") && !line.startsWith("| ---"))
  .map((line) => {
    const [check = "", keptBy = "", name = "", remark = ""] = line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim());
    return { check, keptBy, name, remark };
  });

/** Where what a row names has to be. */
const places: Record<string, (name: string) => string> = {
  gate: (name) => `policies/gates/${name}.ts`,
  evidence: (name) => `evidence/schemas/${name}.json`,
  "built in": (name) => name,
};

describe("the table of checks", () => {
  test("has rows", () => {
    expect(rows.length).toBeGreaterThan(50);
  });

  test.each(rows)("$check: $keptBy $name", ({ keptBy, name, remark }) => {
    const place = places[keptBy];
    if (place === undefined) {
      expect(keptBy).toBe("out of scope");
      expect(remark).not.toBe("");
    } else {
      expect(name).not.toBe("");
      expect(existsSync(place(name))).toBe(true);
    }
  });
});
