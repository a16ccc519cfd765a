import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "../settings";

/** Remembers the stacks' files and puts them back, byte for byte, however this process ends. */
export function restoreAtExit(stacks: string[]): void {
  const files = stacks.map((stack) => {
    const path = join(projectDir, `Pulumi.${stack}.yaml`);
    return { path, content: readFileSync(path) };
  });
  process.on("exit", () => {
    for (const { path, content } of files) {
      if (!readFileSync(path).equals(content)) {
        writeFileSync(path, content);
      }
    }
  });
}
