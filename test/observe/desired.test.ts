import { channelSection } from "../../config/schemas/channel";
import { readDesired } from "../../observe/desired";
import { messageOf, Project } from "../config/files";
import { aRelease, old, recordOf, rolling, steady, twoFrontsAndWorker } from "../rollout/releases";

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

const image = `local/shop@sha256:${"a".repeat(64)}`;
const service = `{image: "${image}", probes: {readiness: {path: /, port: 80}}}`;
const file = (version: string, more = "") =>
  `version: ${version}\nproduct: shop\nservices:\n  api: ${service}\n${more}`;

/** What is read of a project whose channel asks for that version. */
function desired(
  version: string,
  record: Parameters<typeof readDesired>[1] = null,
  services: object = { api: {}, worker: {} },
) {
  const channel = channelSection.parse({
    product: "shop",
    namespace: "shop",
    services,
    gateway: { name: "shared", namespace: "gateway", hostnames: ["h"], url: "http://127.0.0.1:1" },
  });
  const settings = { version, stage: "auto", attempt: 1, lane: "train", strictHold: false } as const;
  return readDesired({ settings, channel }, record, project.folder);
}

describe("what the configuration asks for", () => {
  test("is the release file with the channel's overlay", () => {
    project.write("releases/1.1.0.yaml", file("1.1.0"));
    const plain = desired("1.1.0");
    const relaid = desired("1.1.0", null, { api: { env: { SHOP_BANNER: "new" } } });
    expect(plain.release?.services.api?.env).toEqual({});
    expect(relaid.release?.services.api?.env).toEqual({ SHOP_BANNER: "new" });
    expect(relaid.overlayHash).not.toBe(plain.overlayHash);
    expect(relaid.release?.hash).toBe(plain.release?.hash);
  });

  test("capacity is not part of it: it changes in place, without a release", () => {
    project.write("releases/1.1.0.yaml", file("1.1.0"));
    const large = desired("1.1.0", null, {
      api: { replicas: 9, resources: { limits: { memory: "1Gi" } }, secrets: { A: { name: "s", key: "k" } } },
    });
    expect(large.release).toEqual(desired("1.1.0").release);
  });

  test("a release of another product, or with a service that has no place, is refused", () => {
    project.write("releases/1.1.0.yaml", file("1.1.0").replace("product: shop", "product: other"));
    expect(messageOf(() => desired("1.1.0"))).toMatch(/product other.*ships shop \(key channel\.product\)/);
    project.write("releases/1.2.0.yaml", file("1.2.0", `  web: ${service}\n`));
    expect(messageOf(() => desired("1.2.0"))).toMatch(
      /does not place: web\. Add them under channel\.services/,
    );
  });

  test("a service without HTTP that is to be autoscaled is refused: its pods are its share", () => {
    project.write("releases/1.1.0.yaml", file("1.1.0"));
    const autoscaling = { minReplicas: 1, maxReplicas: 3, cpuUtilization: 80 };
    expect(messageOf(() => desired("1.1.0", null, { api: { autoscaling } }))).toMatch(
      /services without HTTP.*autoscaled: api .*Give them `replicas`/,
    );
  });

  test("going back needs no file, and no good one", () => {
    expect(desired("1.0.0", recordOf(rolling(10)))).toMatchObject({ version: "1.0.0", release: null });
    project.write("releases/1.0.0.yaml", "version: [");
    expect(desired("1.0.0", recordOf(rolling(10))).release).toBeNull();
  });

  test("another version does", () => {
    expect(() => desired("1.2.0", recordOf(rolling(10)))).toThrow("file not found");
  });

  test("going back from a start that was killed needs no file either: the candidate may have traffic", () => {
    expect(desired(old.version, recordOf(steady())).release).toBeNull();
  });

  test("a service that only the live release has must keep its place too: its size and secrets stand there", () => {
    project.write("releases/1.1.0.yaml", file("1.1.0"));
    expect(() => desired("1.1.0", recordOf(steady()), { api: {} })).toThrow("worker");
  });

  test("a change of version and places together is taken back together: going back is not refused", () => {
    const withWeb = aRelease("1.1.0", {}, twoFrontsAndWorker);
    expect(desired("1.0.0", recordOf(rolling(10, withWeb))).version).toBe("1.0.0");
  });
});
