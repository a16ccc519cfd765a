import os from "node:os";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { type AccessPolicy, accessPolicy } from "../../config/schemas/access";
import { observeActor } from "../../observe/actor";
import type { Cluster } from "../../observe/kubernetes";
import { Project } from "../config/files";
import { clusterWith } from "./cluster";
import { Servers } from "./servers";

const servers = new Servers();
let project: Project;
const environment = { ...process.env };
beforeEach(() => {
  project = new Project();
  process.env = { ...environment, RELEASE_ACTOR: "claire" };
});
afterEach(async () => {
  process.env = environment;
  project.remove();
  await servers.close();
});

const claimed = { name: "claire", verifiedBy: null, roles: [] };

/** A cluster whose kubeconfig belongs to this user. */
function clusterOf(username: string | undefined): Cluster {
  const createSelfSubjectReview = () => Promise.resolve({ status: { userInfo: { username } } });
  return { ...clusterWith({}), authentication: { createSelfSubjectReview } } as unknown as Cluster;
}

const brokenCluster = (code: number) =>
  ({
    ...clusterWith({}),
    authentication: {
      createSelfSubjectReview: () => Promise.reject(Object.assign(new Error("no"), { code })),
    },
  }) as unknown as Cluster;

const access = (...identities: object[]) => accessPolicy.parse({ identities });
const observe = (policy: AccessPolicy | null, cluster: Cluster = clusterOf(undefined)) =>
  observeActor({
    cluster,
    projectDir: project.folder,
    policies: { slo: fail, compat: fail, evidence: fail, access: () => policy },
  });
const fail = (): never => {
  throw new Error("it must not be asked");
};

const bob = { name: "bob", roles: ["operations"], cluster: { username: "bob@example.com" } };

describe("who runs an update, as the cluster knows the user", () => {
  test("is somebody of the access file", async () => {
    expect(await observe(access(bob), clusterOf("bob@example.com"))).toEqual({
      name: "bob",
      verifiedBy: "cluster",
      roles: ["operations"],
    });
  });

  test("whom the access file does not know has a name and no role", async () => {
    expect(await observe(access(bob), clusterOf("admin"))).toEqual({
      name: "admin",
      verifiedBy: "cluster",
      roles: [],
    });
  });

  test.each([
    ["an anonymous user", clusterOf("system:anonymous")],
    ["no user", clusterOf("")],
    ["an answer without a user", clusterOf(undefined)],
    ["a cluster that does not know the question", brokenCluster(404)],
    ["a cluster that refuses it", brokenCluster(403)],
    ["a cluster that fails", brokenCluster(500)],
  ])("%s leaves the claimed name, and says so", async (_, cluster) => {
    expect(await observe(access(bob), cluster)).toEqual({
      ...claimed,
      problem: expect.stringMatching(/cluster/),
    });
  });

  test("nobody is asked without an access file", async () => {
    expect(await observe(null, brokenCluster(500))).toEqual(claimed);
  });

  test("an access file that is broken leaves the claimed name: a rollback must go on", async () => {
    const policies = { slo: fail, compat: fail, evidence: fail, access: fail };
    const actor = await observeActor({ cluster: clusterOf("bob"), projectDir: "", policies });
    expect(actor).toEqual({ ...claimed, problem: "it must not be asked" });
  });
});

/** A key takes a while to make, and says nothing of who has it. */
const [keyPair, forgedKeyPair] = [0, 1].map(() => generateKeyPair("RS256", { extractable: true }));

/** A CI system: its keys, and tokens that it gives its jobs. */
async function issuer(url: string, keys = keyPair) {
  const { publicKey, privateKey } = await keys!;
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: "ci-1", alg: "RS256", use: "sig" };
  const token = (claims: object = {}, expires: string | number | null = "5m") => {
    const made = new SignJWT({
      iss: url,
      aud: "releases",
      sub: "repo:shop:main",
      ...claims,
    }).setProtectedHeader({
      alg: "RS256",
      kid: "ci-1",
    });
    return (expires === null ? made : made.setExpirationTime(expires)).sign(privateKey);
  };
  return { keySet: { keys: [jwk] }, token };
}

const url = "https://ci.example";
const robot = {
  name: "release-bot",
  roles: ["ci"],
  token: { issuer: url, audience: "releases", subject: "repo:shop:main", keySet: "ci-keys.json" },
};

describe("who runs an update, by the token of a CI system", () => {
  async function withToken(
    make: (ci: Awaited<ReturnType<typeof issuer>>) => Promise<string>,
    cluster = clusterOf("bob@example.com"),
  ) {
    const ci = await issuer(url);
    project.write("ci-keys.json", JSON.stringify(ci.keySet));
    process.env.RELEASE_OIDC_TOKEN = await make(ci);
    return observe(access(robot, bob), cluster);
  }

  test("is the job that the access file knows, whatever the cluster says", async () => {
    expect(await withToken((ci) => ci.token())).toEqual({
      name: "release-bot",
      verifiedBy: "token",
      roles: ["ci"],
    });
  });

  test.each([
    ["has expired", (ci) => ci.token({}, Math.floor(Date.now() / 1000) - 60), /"exp" claim/],
    ["never expires", (ci) => ci.token({}, null), /"exp" claim/],
    ["is for somebody else", (ci) => ci.token({ aud: "other" }), /"aud" claim/],
    ["is of another job", (ci) => ci.token({ sub: "repo:shop:feature" }), /subject "repo:shop:feature"/],
    [
      "is of another issuer",
      (ci) => ci.token({ iss: "https://evil.example" }),
      /issuer "https:\/\/evil\.example"/,
    ],
    [
      "is of a forger",
      async () => (await issuer(url, forgedKeyPair)).token(),
      /signature verification failed/,
    ],
    ["is none", () => Promise.resolve("secret-token"), /Invalid JWT/],
    [
      "is not signed",
      async (ci) =>
        `${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await ci.token()).split(".")[1]}.`,
      /alg/,
    ],
  ] as [string, (ci: Awaited<ReturnType<typeof issuer>>) => Promise<string>, RegExp][])(
    "one that %s counts for nothing, and no part of it is told",
    async (_, make, problem) => {
      const actor = await withToken(make, clusterOf(undefined));
      expect(actor).toEqual({ ...claimed, problem: expect.stringMatching(problem) });
      const signature = process.env.RELEASE_OIDC_TOKEN?.split(".").at(-1);
      if (signature) expect(JSON.stringify(actor)).not.toContain(signature);
    },
  );

  test("after one that counts for nothing, the cluster is asked", async () => {
    expect(await withToken(() => Promise.resolve("x.y.z"))).toMatchObject({
      name: "bob",
      verifiedBy: "cluster",
    });
  });

  test.each([
    ["is missing", null, /ENOENT/],
    ["is no JSON", "{", /JSON/],
    ["is no key set", "{}", /ci-keys\.json is no JSON Web Key Set/],
  ])("a key set that %s opens nothing", async (_, text, problem) => {
    process.env.RELEASE_OIDC_TOKEN = await (await issuer(url)).token();
    if (text !== null) project.write("ci-keys.json", text);
    expect(await observe(access(robot))).toEqual({ ...claimed, problem: expect.stringMatching(problem) });
  });
});

describe("the keys of an issuer, from itself", () => {
  async function withIssuer(
    answer: (base: string, keys: object) => Record<string, object | string | undefined>,
  ) {
    let answers: Record<string, object | string | undefined> = {};
    const base = await servers.start((request, response) => {
      const found = answers[request.url ?? ""];
      if (found === "silence") return;
      if (typeof found === "string") response.writeHead(302, { location: found }).end();
      else response.writeHead(found === undefined ? 404 : 200).end(JSON.stringify(found ?? {}));
    });
    const ci = await issuer(base);
    answers = answer(base, ci.keySet);
    process.env.RELEASE_OIDC_TOKEN = await ci.token();
    return observe(access({ ...robot, token: { ...robot.token, issuer: base, keySet: undefined } }));
  }
  const discovery = "/.well-known/openid-configuration";

  test("are found by its discovery document", async () => {
    const actor = await withIssuer((base, keys) => ({
      [discovery]: { issuer: base, jwks_uri: `${base}/keys` },
      "/keys": keys,
    }));
    expect(actor).toMatchObject({ name: "release-bot", verifiedBy: "token" });
  });

  test.each([
    ["there is none", () => ({}), /describes no issuer/],
    [
      "it describes another issuer",
      (base: string, keys: object) => ({
        [discovery]: { issuer: "https://other.example", jwks_uri: `${base}/keys` },
        "/keys": keys,
      }),
      /describes another issuer/,
    ],
    [
      "it leads elsewhere",
      (base: string, keys: object) => ({
        [discovery]: `${base}/elsewhere`,
        "/elsewhere": { issuer: base, jwks_uri: `${base}/keys` },
        "/keys": keys,
      }),
      /cannot be asked/,
    ],
    [
      "it has no keys",
      (base: string) => ({ [discovery]: { issuer: base, jwks_uri: `${base}/keys` } }),
      /JSON Web Key Set/,
    ],
    ["it does not answer", () => ({ [discovery]: "silence" }), /cannot be asked/],
  ])("where %s, the token counts for nothing", async (_, answer, problem) => {
    expect(await withIssuer(answer)).toEqual({ ...claimed, problem: expect.stringMatching(problem) });
  });
});

describe("a claimed name", () => {
  test.each([
    [{ RELEASE_ACTOR: "claire", GITHUB_ACTOR: "git" }, "claire"],
    [{ GITHUB_ACTOR: "git", GITLAB_USER_LOGIN: "lab" }, "git"],
    [{ RELEASE_ACTOR: "", GITLAB_USER_LOGIN: "lab" }, "lab"],
  ])("comes from the environment: %j", async (names, expected) => {
    process.env = { ...environment, RELEASE_ACTOR: undefined, ...names };
    expect((await observe(null)).name).toBe(expected);
  });

  test("is to be had of a user whom the machine does not know by name", async () => {
    process.env = {};
    const userInfo = jest.spyOn(os, "userInfo").mockImplementation(() => {
      throw new Error("no entry");
    });
    const { name } = await observe(null);
    userInfo.mockRestore();
    expect(name).toMatch(/^user /);
  });

  test("is nobody of the access file, whatever it is", async () => {
    process.env.RELEASE_ACTOR = "bob";
    expect(await observe(access(bob), brokenCluster(403))).toMatchObject({
      name: "bob",
      verifiedBy: null,
      roles: [],
    });
  });
});
