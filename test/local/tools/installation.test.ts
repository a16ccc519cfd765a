import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureInstalled, type Installation } from "../../../local/tools/installation";

const [first, second] = ["1111111111111111", "2222222222222222"];

function tool(hash: string, fill: Installation["fill"], name = "tool"): Installation {
  return { name, hash, coldBuildSeconds: 60, fill };
}

async function writeProgram(dir: string): Promise<void> {
  writeFileSync(join(dir, "program"), "built");
}

describe("installing tools", () => {
  let toolsDir: string;
  const report = jest.fn();
  const entries = () => readdirSync(toolsDir).filter((entry) => entry !== ".lock");

  beforeEach(() => {
    toolsDir = mkdtempSync(join(tmpdir(), "tools-"));
    report.mockClear();
    jest.spyOn(process.stderr, "write").mockReturnValue(true);
  });
  afterEach(() => {
    rmSync(toolsDir, { recursive: true });
    jest.restoreAllMocks();
  });

  it("builds once per hash", async () => {
    const fill = jest.fn(writeProgram);
    await ensureInstalled(toolsDir, [tool(first, fill)], report);
    await ensureInstalled(toolsDir, [tool(first, fill)], report);
    expect(fill).toHaveBeenCalledTimes(1);
    expect(readFileSync(join(toolsDir, `tool-${first}`, "program"), "utf8")).toBe("built");
  });

  it("builds once when two ask for it at the same time", async () => {
    const fill = jest.fn(writeProgram);
    const ask = () => ensureInstalled(toolsDir, [tool(first, fill)], report);
    await Promise.all([ask(), ask()]);
    expect(fill).toHaveBeenCalledTimes(1);
  });

  it("removes what a new hash supersedes, and nothing else", async () => {
    mkdirSync(join(toolsDir, `tool-nodejs-${first}`));
    await ensureInstalled(toolsDir, [tool(first, writeProgram)], report);
    await ensureInstalled(toolsDir, [tool(second, writeProgram)], report);
    expect(entries()).toEqual([`tool-${second}`, `tool-nodejs-${first}`]);
  });

  it("leaves nothing of a build that failed, and keeps the one before", async () => {
    await ensureInstalled(toolsDir, [tool(first, writeProgram)], report);
    const failing = tool(second, async (dir) => {
      await writeProgram(dir);
      throw new Error("does not compile");
    });
    await expect(ensureInstalled(toolsDir, [failing], report)).rejects.toThrow("does not compile");
    expect(entries()).toEqual([`tool-${first}`]);
  });

  it("clears away what a killed build left", async () => {
    mkdirSync(join(toolsDir, ".tool-AbCdEf"));
    await ensureInstalled(toolsDir, [tool(first, writeProgram)], report);
    expect(existsSync(join(toolsDir, ".tool-AbCdEf"))).toBe(false);
  });

  it("says beforehand how long several builds may take", async () => {
    await ensureInstalled(
      toolsDir,
      [tool(first, writeProgram, "one"), tool(first, writeProgram, "two")],
      report,
    );
    expect(report).toHaveBeenCalledWith(
      expect.stringMatching(/^Building one, two: up to \d+ min on \d+ cores/),
    );
  });
});
