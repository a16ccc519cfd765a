import { readFile } from "node:fs/promises";
import { ensureLedger } from "../tools/install";
import { type Image, image } from "./image";
import { layer } from "./layer";

/** The program that runs migrations under a lock, and nothing else: as `ledger/Dockerfile` makes it. */
export async function ledgerImage(): Promise<Image> {
  const program = await ensureLedger((line) => process.stderr.write(`${line}\n`));
  const content = await readFile(program);
  const path = "/bin/ledger";
  const start = { entrypoint: [path], workingDir: "/" };
  return image("local/ledger", "1", [await layer([{ path, content, mode: 0o755 }])], start);
}
