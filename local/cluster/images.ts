import { buildImages } from "../images/build";
import { ctr } from "./node";

/** Builds the sample product's images from this clone and imports those that the node doesn't have yet. */
export async function ensureImages(): Promise<void> {
  const images = await buildImages();
  const present = new Set((await ctr(["images", "list", "--quiet"])).split("\n"));
  const missing = images.filter(
    ({ name, tag, digest }) =>
      !present.has(`docker.io/${name}:${tag}`) || !present.has(`docker.io/${name}@${digest}`),
  );
  for (const archive of new Set(missing.map(({ archivePath }) => archivePath))) {
    await ctr(["images", "import", archive]);
  }
}
