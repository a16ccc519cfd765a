import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "../../../local/settings";

const testDir = join(projectDir, "test", "local", "plugins");

/** The table's rows as `file: title`. */
function rows(): string[] {
  const table = readFileSync(join(projectDir, "local", "plugins", "conformance.md"), "utf8");
  let file = "";
  return table.split("\n").flatMap((line) => {
    file = /^## `(.+)`/.exec(line)?.[1] ?? file;
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const isRow = cells.length === 5 && !/^-+$/.test(cells[1]!) && cells[1] !== "behaviour";
    return isRow ? [`${file}: ${cells[3]}`] : [];
  });
}

/** The tests as `file: title`, with the placeholders of parametrized ones. */
function tests(): string[] {
  return readdirSync(testDir)
    .filter((file) => file.endsWith(".cluster.test.ts"))
    .flatMap((file) =>
      [...readFileSync(join(testDir, file), "utf8").matchAll(/(?:\btest|^ *\]\))\(\s*"([^"]+)"/gm)].map(
        ([, title]) => `${file}: ${title}`,
      ),
    );
}

test("every row of the conformance table has its test, and every test its row", () => {
  expect(rows().sort()).toEqual(tests().sort());
});

test("every row cites where the behaviour comes from", () => {
  const table = readFileSync(join(projectDir, "local", "plugins", "conformance.md"), "utf8");
  for (const line of table.split("\n").filter((candidate) => candidate.startsWith("| "))) {
    expect(line.split(/(?<!\\)\|/)[2]?.trim()).not.toBe("");
  }
});
