import { loadRelease } from "../../config/load/release";
import { serviceSpec } from "../../config/schemas/release";
import { messageOf, Project, problemsOf } from "./files";

const digest = `local/shop-api@sha256:${"a".repeat(64)}`;
const good = `version: 1.1.0
product: shop
services:
  api:
    image: ${digest}
    http: {port: 8080}
    probes:
      readiness: {path: /readyz, port: 8080}
`;

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

/** What is said of a release file with this change. */
function complaints(change: (text: string) => string): string[] {
  project.write("releases/1.1.0.yaml", change(good));
  return problemsOf(() => loadRelease(project.folder, "releases", "1.1.0"));
}

const replaced = (from: string, to: string) => complaints((text) => text.replace(from, to));
const added = (text: string) => complaints((before) => before + text);

describe("a release file", () => {
  test("that unfolds without end is told, and not unfolded", () => {
    const names = ["a", "b", "c", "d", "e"];
    const lines = names.map((name, index) => {
      const before = index === 0 ? "x" : `*${names[index - 1]}`;
      return `${name}: &${name} [${Array(10).fill(before).join(", ")}]`;
    });
    expect(added(lines.join("\n"))).toEqual([expect.stringMatching(/^releases\/1\.1\.0\.yaml.*alias/)]);
  });

  test("that is right is completed by its defaults", () => {
    project.write("releases/1.1.0.yaml", good);
    expect(loadRelease(project.folder, "releases", "1.1.0")).toEqual({
      version: "1.1.0",
      product: "shop",
      services: {
        api: {
          image: digest,
          http: { port: 8080, path: "/" },
          probes: { readiness: { path: "/readyz", port: 8080, periodSeconds: 2, failureThreshold: 3 } },
          env: {},
        },
      },
      migrations: [],
      changes: { added: [], changed: [], deprecated: [], removed: [], fixed: [], security: [] },
    });
  });

  test("that does not exist: the known versions are listed", () => {
    for (const version of ["1.0.0", "1.2.0"]) project.write(`releases/${version}.yaml`, good);
    project.write("releases/README.md", "");
    expect(messageOf(() => loadRelease(project.folder, "releases", "9.9.9"))).toBe(
      "A file that is needed cannot be read.\n  releases/9.9.9.yaml: file not found; known versions: 1.0.0, 1.2.0",
    );
  });

  test("in a folder that does not exist: the key to look at is named", () => {
    expect(messageOf(() => loadRelease(project.folder, "nowhere", "1.0.0"))).toMatch(
      /nowhere\/1\.0\.0\.yaml: file not found;.*does not exist \(key channel\.releases\)\. .*`make cluster`/,
    );
  });

  test("of another version than its name says", () => {
    expect(replaced("version: 1.1.0", "version: 1.2.0")).toEqual([
      'releases/1.1.0.yaml:1:1 version: found "1.2.0", expected 1.1.0, as in the file\'s name',
    ]);
  });

  test("that is not YAML: with the position", () => {
    project.write("releases/1.1.0.yaml", 'version: 1.1.0\nproduct: "shop\n');
    const [headline, problem] = messageOf(() => loadRelease(project.folder, "releases", "1.1.0")).split("\n");
    expect(headline).toBe("A file is not valid YAML.");
    expect(problem).toMatch(/releases\/1\.1\.0\.yaml:3:1: .*quote/i);
  });

  test("in an encoding of another age", () => {
    project.write("releases/1.1.0.yaml", Buffer.from(`\ufeff${good}`, "utf16le"));
    expect(messageOf(() => loadRelease(project.folder, "releases", "1.1.0"))).toMatch(
      /releases\/1\.1\.0\.yaml: .*save it as UTF-8/,
    );
  });

  test("with a byte order mark, as some editors write", () => {
    project.write("releases/1.1.0.yaml", `\ufeff${good}`);
    expect(loadRelease(project.folder, "releases", "1.1.0").version).toBe("1.1.0");
  });

  test.each([
    ["a key twice", `${good}version: 1.1.0\n`, /1\.1\.0\.yaml:9:1: .*unique/],
    ["a tab", "version: 1.1.0\nservices:\n\tapi: {}\n", /1\.1\.0\.yaml:3:1: .*[Tt]ab/],
    ["nothing", "", /1\.1\.0\.yaml:? .*expected a mapping/],
    ["a list", "- 1\n", /1\.1\.0\.yaml.*found \[1\], expected a mapping/],
  ])("with %s", (_, text, expected) => {
    project.write("releases/1.1.0.yaml", text);
    expect(messageOf(() => loadRelease(project.folder, "releases", "1.1.0"))).toMatch(expected);
  });

  test.each([
    [
      "an unknown key",
      "product: shop",
      "product: shop\nservcies: {}",
      ["1.1.0.yaml:3:1", "servcies: unknown key"],
    ],
    [
      "an unknown key deep down",
      "http: {port: 8080}",
      "http: {prot: 8080, port: 8080}",
      ["1.1.0.yaml:6:12", "services.api.http.prot", "unknown key"],
    ],
    [
      "an image by tag",
      digest,
      "local/shop-api:1.1.0",
      [
        "1.1.0.yaml:5:5",
        "services.api.image",
        'found "local/shop-api:1.1.0"',
        "expected an image by digest",
        "sha256:",
      ],
    ],
    [
      "an image by a short digest",
      digest,
      "local/shop-api@sha256:abc",
      ["services.api.image", "64 hexadecimal digits"],
    ],
    [
      "a port out of range",
      "{port: 8080}",
      "{port: 80800}",
      ["1.1.0.yaml:6:12", "services.api.http.port", "found 80800", "65535"],
    ],
    [
      "a port in words",
      "{port: 8080}",
      "{port: http}",
      ["services.api.http.port", 'found "http"', "expected a number"],
    ],
    [
      "a relative path",
      "/readyz",
      "readyz",
      ["1.1.0.yaml:8:19", "services.api.probes.readiness.path", 'found "readyz"', "begins with '/'"],
    ],
    ["a missing field", "product: shop\n", "", ["1.1.0.yaml", "product: found nothing", "expected text"]],
    [
      "a version with a v",
      "version: 1.1.0",
      "version: v1.1.0",
      ["1.1.0.yaml:1:1", 'version: found "v1.1.0"', "expected a semantic version such as 1.2.3"],
    ],
    [
      "a version that is a number",
      "version: 1.1.0",
      "version: 1.1",
      ["1.1.0.yaml:1:1", "version: found 1.1,", "expected a semantic version such as 1.2.3"],
    ],
    [
      "a service name that Kubernetes does not take",
      "  api:",
      "  Api_1:",
      ["1.1.0.yaml:4:3", "services.Api_1"],
    ],
  ] as const)("%s", (_, from, to, expected) => {
    const problems = replaced(from, to);
    expect(problems).toHaveLength(1);
    for (const part of expected) expect(problems[0]).toContain(part);
  });

  test.each([
    [
      "unknown",
      "[web]",
      [
        "1.1.0.yaml:9:13",
        "services.api.after.0",
        'found "web"',
        "expected a service of this release: api, worker",
      ],
    ],
    ["itself", "[api]", ["1.1.0.yaml:9:13", "services.api.after.0", "none comes after itself"]],
    ["in a circle", "[worker]", ["1.1.0.yaml:9:13", "services.api.after.0", "worker comes after api"]],
  ])("a service after one that is %s", (_, after, expected) => {
    const worker = good.slice(good.indexOf("  api:")).replace("  api:", "  worker:");
    const problems = complaints((text) => `${text}    after: ${after}\n${worker}    after: [api]\n`);
    for (const part of expected) expect(problems[0]).toContain(part);
  });

  test("services in an order", () => {
    const worker = good.slice(good.indexOf("  api:")).replace("  api:", "  worker:");
    project.write("releases/1.1.0.yaml", `${good}${worker}    after: [api]\n`);
    expect(loadRelease(project.folder, "releases", "1.1.0").services.worker?.after).toEqual(["api"]);
  });

  test.each([
    [
      "an environment variable that is no text",
      "    env: {SHOP_LIMIT: 5}\n",
      [
        "1.1.0.yaml:9:11",
        "services.api.env.SHOP_LIMIT",
        "found 5",
        'expected text: put it in quotes, as in "5"',
      ],
    ],
    [
      "an environment variable's name",
      "    env: {SHOP-LIMIT: a}\n",
      ["1.1.0.yaml:9:11", "services.api.env.SHOP-LIMIT"],
    ],
    [
      "a migration of another phase",
      `migrations: [{id: m1, phase: shrink, image: "${digest}"}]\n`,
      [
        "1.1.0.yaml:9:23",
        "migrations.0.phase",
        'found "shrink"',
        "expected expand, backfill, switch or contract",
      ],
    ],
    [
      "a contract that is said to be undone",
      `migrations: [{id: m1, phase: contract, image: "${digest}", reversible: true}]\n`,
      ["1.1.0.yaml:9:", "migrations.0.reversible", "found true", "expected false"],
    ],
    [
      "a stage of what is no backfill",
      `migrations: [{id: m1, phase: switch, before: 30, image: "${digest}"}]\n`,
      ["1.1.0.yaml:9:", "migrations.0.before", "found 30", "expected it only of the phase backfill"],
    ],
    [
      "a migration twice",
      `migrations: [{id: m1, phase: expand, image: "${digest}"}, {id: m1, phase: expand, image: "${digest}"}]\n`,
      ["1.1.0.yaml:9:1", "migrations", "expected each migration id once"],
    ],
    [
      "data that nobody reads",
      "data: {writes: 2, reads: []}\n",
      ["1.1.0.yaml:9:19", "data.reads", "found []"],
    ],
    [
      "a plugin's range that is none",
      "plugins: {orders: newest}\n",
      ["1.1.0.yaml:9:11", "plugins.orders", 'found "newest"', "expected a range of versions such as ^2.1.0"],
    ],
    ["a peer without a range", 'peers: {billing: ""}\n', ["1.1.0.yaml:9:9", "peers.billing", 'found ""']],
    [
      "change notes of an unknown kind",
      "changes: {broken: [a]}\n",
      ["1.1.0.yaml:9:11", "changes.broken", "unknown key"],
    ],
  ] as const)("%s", (_, text, expected) => {
    const problems = added(text);
    expect(problems).toHaveLength(1);
    for (const part of expected) expect(problems[0]).toContain(part);
  });

  test("with several mistakes: all of them, each with its place", () => {
    const problems = complaints((text) =>
      text.replace("product: shop", "product: Shop").replace("8080}\n    probes", "0}\n    probes"),
    );
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain("1.1.0.yaml:2:1 product");
    expect(problems[1]).toContain("1.1.0.yaml:6:12 services.api.http.port");
  });

  test("without services", () => {
    project.write("releases/1.1.0.yaml", "version: 1.1.0\nproduct: shop\nservices: {}\n");
    expect(problemsOf(() => loadRelease(project.folder, "releases", "1.1.0"))).toEqual([
      "releases/1.1.0.yaml:3:1 services: found {}, expected at least one service",
    ]);
  });
});

describe("a service that speaks gRPC", () => {
  const http = (more: object) => serviceSpec.shape.http.safeParse({ port: 9090, protocol: "grpc", ...more });

  test.each([
    {},
    { path: "/" },
    { probePath: "/grpc.health.v1.Health/Check" },
    { path: "/shop.v1.Orders", probePath: "/shop.v1.Orders/Ping" },
  ])("is routed whole, or by one of its services: %j", (more) => {
    expect(http(more).success).toBe(true);
  });

  test.each([
    [{ path: "/shop/v1" }, "path"],
    [{ path: "/shop.v1.Orders" }, "probePath"],
    [{ path: "/shop.v1.Orders", probePath: "/grpc.health.v1.Health/Check" }, "probePath"],
    [{ probePath: "/healthz" }, "probePath"],
  ])("but not by anything else: %j", (more, field) => {
    expect(http(more).error?.issues.map(({ path }) => path.at(-1))).toContain(field);
  });

  test("leaves the hash of others as it was", () => {
    expect(serviceSpec.shape.http.parse({ port: 80 })).toEqual({ port: 80, path: "/" });
  });
});
