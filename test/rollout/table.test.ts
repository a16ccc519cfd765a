import { table } from "../../rollout/table";

const shown = (...rows: string[][]) => table([6, 12], rows);

describe("a table", () => {
  test("wraps what is long at words", () => {
    expect(shown(["gate", "one two three"])).toEqual(["  gate  one two", "        three"]);
  });

  test("breaks a word that is longer than its column, and loses nothing of it", () => {
    const path = "reports/1.1.0/canary/load-probe.json";
    const lines = shown(["gate", path]);
    expect(lines.map((line) => line.slice(8)).join("")).toBe(path);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(2 + 6 + 12);
  });
});
