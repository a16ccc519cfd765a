import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { projectDir } from "../settings";
import type { Application } from "./catalogue";
import { type Image, image } from "./image";
import { type Blob, layer } from "./layer";

/** The application's program with all its packages in one CommonJS file. */
export async function bundle(application: Application): Promise<Buffer> {
  const result = await build({
    entryPoints: [join(projectDir, application.entry)],
    absWorkingDir: projectDir,
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["pg-native"],
    logLevel: "silent",
  });
  const [output] = result.outputFiles;
  if (output === undefined) {
    throw new Error(`bundling ${application.entry} gave no output`);
  }
  return Buffer.from(output.contents);
}

/** One image of an application: its bundle and files on the layers that it shares with others, lowest first. */
export async function applicationImage(application: Application, shared: Blob[]): Promise<Image> {
  const files = Object.entries(application.files).map(async ([path, source]) => {
    return { path, content: await readFile(join(projectDir, source)) };
  });
  const program = { path: application.program, content: await bundle(application) };
  const start = { entrypoint: ["node", application.program], workingDir: dirname(application.program) };
  return image(
    application.name,
    application.tag,
    [...shared, await layer([program, ...(await Promise.all(files))])],
    start,
  );
}
