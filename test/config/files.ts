import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "../../config/load/problems";

/** A project folder of one's own, removed after the test. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "release-channels-"));

  write(file: string, text: string | Uint8Array): string {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** The message a person gets; anything but a `UserError` is our mistake, not theirs. */
export function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** The problems of a message: one a line, below the headline. */
export function problemsOf(action: () => unknown): string[] {
  return messageOf(action)
    .split("\n")
    .slice(1)
    .map((line) => line.trim());
}
