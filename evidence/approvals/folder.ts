import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { AccessPolicy } from "../../config/schemas/access";
import type { GovernanceSource } from "../../policies/gates/input/governance";
import { readDecision } from "./decision";

/** A signed decision takes some hundred bytes. */
const largestFileBytes = 64 * 1024;

/**
 * Every file of the folder, in the order of their names; hidden ones and notes (`.md`) are passed over.
 * @param folder relative to the project; one that is not there holds nothing
 */
export async function readApprovals(
  projectDir: string,
  folder: string,
  access: AccessPolicy,
): Promise<GovernanceSource> {
  let names: string[];
  try {
    names = (await readdir(resolve(projectDir, folder))).sort();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") return { status: "unavailable", problem: message };
    names = [];
  }
  const files = names.filter((name) => !name.startsWith(".") && !name.endsWith(".md"));
  const known: Extract<GovernanceSource, { status: "known" }> = {
    status: "known",
    approvals: [],
    overrides: [],
    rejected: [],
  };
  for (const file of files.map((name) => join(folder, name))) {
    const token = await readSmall(resolve(projectDir, file));
    const decision = "problem" in token ? rejected(token.problem) : await readDecision(token.text, access);
    if (decision.kind === "approval") known.approvals.push({ file, ...decision.approval });
    else if (decision.kind === "override") known.overrides.push({ file, ...decision.override });
    else known.rejected.push({ file, problem: decision.problem });
  }
  return known;
}

function rejected(problem: string) {
  return { kind: "rejected", problem } as const;
}

async function readSmall(path: string): Promise<{ text: string } | { problem: string }> {
  try {
    const about = await stat(path);
    if (!about.isFile()) return { problem: "it is no file" };
    if (about.size > largestFileBytes) return { problem: "it is too large for a signed decision" };
    return { text: await readFile(path, "utf8") };
  } catch (error) {
    return { problem: `it cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
}
