import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every file of a folder of inputs under `test/`: its name without the ending, and its text. */
export function inputsIn(folder: string): [name: string, text: string][] {
  const path = join("test", folder);
  return readdirSync(path)
    .sort()
    .map((file) => [file.replace(/\.yaml$/, ""), readFileSync(join(path, file), "utf8")]);
}
