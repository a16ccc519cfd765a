import { objectName, release, resolveRelease } from "../../rollout/release";
import { aFile, apiAndWorker, aRelease, overlayOf } from "./releases";

describe("a release resolved for a channel", () => {
  test("has an id of its version and eight hexadecimal digits", () => {
    expect(aRelease("1.1.0").id).toMatch(/^1-1-0-[0-9a-f]{8}$/);
    expect(aRelease("2.0.0-rc.1").id).toMatch(/^2-0-0-rc-1-[0-9a-f]{8}$/);
  });

  test("is another one with another file or overlay; its hash is the file's alone", () => {
    const [plain, relaid] = [aRelease("1.1.0"), aRelease("1.1.0", overlayOf("b"))];
    expect(relaid.id).not.toBe(plain.id);
    expect(relaid.hash).toBe(plain.hash);
    expect(relaid.overlayHash).not.toBe(plain.overlayHash);
    expect(aRelease("1.1.0", {}, { api: apiAndWorker.api }).hash).not.toBe(plain.hash);
  });

  test("is the same whatever the order of its fields", () => {
    const turned = {
      worker: apiAndWorker.worker,
      api: { probes: apiAndWorker.api.probes, http: apiAndWorker.api.http, image: apiAndWorker.api.image },
    };
    expect(aRelease("1.1.0", {}, turned).id).toBe(aRelease("1.1.0").id);
  });

  test("holds the overlay over its own environment", () => {
    const services = { api: { ...apiAndWorker.api, env: { SHOP_BANNER: "own", OTHER: "kept" } } };
    expect(aRelease("1.1.0", overlayOf("mine"), services).services.api?.env).toEqual({
      SHOP_BANNER: "mine",
      OTHER: "kept",
    });
  });

  test("keeps the hash it had before release files could name plugins and peers", () => {
    expect(aRelease("1.1.0").hash).toBe("56184bdb42d21c7f1a2ed4b595b6ecca40b5787548fbd799d7f6553cf15ca2d9");
    const ranges = { plugins: { orders: "^2.1.0" }, peers: { billing: ">=4 <6" } };
    const named = resolveRelease(aFile("1.1.0", apiAndWorker, ranges), {});
    expect(named).toMatchObject(ranges);
    expect(named.hash).not.toBe(aRelease("1.1.0").hash);
  });

  test("comes back from JSON as it was", () => {
    const resolved = resolveRelease(
      aFile("1.1.0", apiAndWorker, { data: { writes: 2, reads: [1, 2] }, plugins: { orders: "^2.1.0" } }),
      overlayOf("b"),
    );
    expect(release.parse(JSON.parse(JSON.stringify(resolved)))).toEqual(resolved);
  });
});

describe("names of objects", () => {
  test("are service and release", () => {
    expect(objectName("api", { id: "1-1-0-3fa9c2d1" })).toBe("api-1-1-0-3fa9c2d1");
  });

  test("fit a DNS label with the longest service and version, and keep the id whole", () => {
    const long = aRelease("10.20.30-rc.a-very-long-prerelease-indeed");
    const name = objectName("s".repeat(30), long);
    expect(name.length).toBeLessThanOrEqual(63);
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
    expect(name.endsWith(long.id)).toBe(true);
  });
});
