import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { projectDir } from "../local/settings";

/** A program of two files, in a folder where the project's packages are found and its bundles are its own. */
function program(): { dir: string; edit: (answer: string) => void; run: () => string } {
  mkdirSync(join(projectDir, ".local"), { recursive: true });
  const dir = mkdtempSync(join(projectDir, ".local", "load-"));
  for (const file of ["load.cjs", "run.cjs"]) cpSync(join(projectDir, file), join(dir, file));
  writeFileSync(
    join(dir, "main.ts"),
    'import { z } from "zod";\nimport { answer } from "./answer";\nconsole.log(z.string().parse(answer()));\n',
  );
  const edit = (answer: string) => writeFileSync(join(dir, "answer.ts"), answer);
  edit("export const answer = () => 'one';\n");
  const run = () =>
    execFileSync(process.execPath, ["run.cjs", "main.ts"], {
      cwd: dir,
      encoding: "utf8",
      stdio: "pipe",
    }).trim();
  return { dir, edit, run };
}

const bundlesOf = (dir: string) => join(dir, "node_modules/.cache/release-channels/bundles");

describe("a TypeScript file that is loaded", () => {
  let own: ReturnType<typeof program>;
  beforeEach(() => {
    own = program();
  });
  afterEach(() => rmSync(own.dir, { recursive: true, force: true }));

  test("keeps its bundle, and runs from it", () => {
    expect(own.run()).toBe("one");
    const kept = join(bundlesOf(own.dir), "main.ts.cjs");
    expect(existsSync(kept)).toBe(true);
    expect(own.run()).toBe("one");
    expect(readdirSync(bundlesOf(own.dir)).sort()).toEqual(["main.ts.cjs", "main.ts.cjs.map"]);
  });

  test("is what its files say, whenever one of them was edited", () => {
    own.run();
    own.edit("export const answer = () => 'two';\n");
    expect(own.run()).toBe("two");
    own.edit("export const answer = () => 'one';\n");
    expect(own.run()).toBe("one");
  });

  test("does not run from a bundle that was cut short", () => {
    own.run();
    writeFileSync(join(bundlesOf(own.dir), "main.ts.cjs"), "console.log('half a bun");
    expect(own.run()).toBe("one");
  });

  test("names the line of its own file when it throws, from a kept bundle too", () => {
    own.edit("export const answer = (): string => {\n  throw new Error('no answer');\n};\n");
    for (let time = 0; time < 2; time++) {
      expect(own.run).toThrow(/no answer[\s\S]*answer\.ts:2/);
    }
  });

  test("runs where nothing can be kept", () => {
    writeFileSync(join(own.dir, "node_modules"), "not a folder");
    chmodSync(join(own.dir, "node_modules"), 0o444);
    expect(own.run()).toBe("one");
  });
});
