import { applicationImage } from "../../../local/images/application";
import { applications } from "../../../local/images/catalogue";
import { type Blob, blob } from "../../../local/images/layer";

const base: Blob = blob("application/vnd.oci.image.layer.v1.tar", Buffer.from("stands for node"));

async function digests(): Promise<Record<string, string>> {
  const images = await Promise.all(applications.map((application) => applicationImage(application, [base])));
  return Object.fromEntries(images.map(({ name, tag, manifest }) => [`${name}:${tag}`, manifest.digest]));
}

/** It bundles and packs every version: seconds of work on a machine that has nothing else to do. */
jest.setTimeout(60_000);

describe("building the sample's images", () => {
  let made: Record<string, string>;
  beforeAll(async () => {
    made = await digests();
  });

  it("gives the same digests each time", async () => {
    expect(await digests()).toEqual(made);
  });

  it("gives each version its own digest, because its content is its own", () => {
    const all = Object.values(made);
    expect(new Set(all).size).toBe(all.length);
  });
});
