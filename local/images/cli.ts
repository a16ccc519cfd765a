import { buildImages } from "./build";

/** Builds the images and prints `name:tag digest` of each. */
async function main(): Promise<void> {
  for (const { name, tag, digest } of await buildImages()) {
    console.log(`${name}:${tag} ${digest}`);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
