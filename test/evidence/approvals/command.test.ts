import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { runApprove } from "../../../evidence/approvals/command";
import { readApprovals } from "../../../evidence/approvals/folder";
import { resolveRelease } from "../../../rollout/release";
import { Project } from "../../config/files";
import { aFile } from "../../rollout/releases";
import { accessOf, person } from "../keys";

const ann = person("ann", ["operations"], "ann-2026");
const release = aFile("1.1.0");
const now = new Date("2026-01-05T12:00:00Z");

class Office extends Project {
  readonly keyFile = this.write("ann.pem", ann.pem);

  constructor(people = [ann]) {
    super();
    this.write("Pulumi.yaml", "name: release-channels\n");
    this.channel({ permissions: { override: ["operations"] } });
    this.write("access.yaml", stringify({ identities: people.map(({ identity }) => identity) }));
    this.write("releases/1.1.0.yaml", stringify(release));
  }

  channel(more: object): void {
    const section = {
      product: "shop",
      namespace: "shop",
      access: "access.yaml",
      gateway: { name: "shared", namespace: "gateway", hostnames: ["h.example"], url: "http://127.0.0.1:1" },
      services: { api: {}, worker: {} },
      ...more,
    };
    const config = { "release-channels:version": "1.1.0", "release-channels:channel": section };
    this.write("Pulumi.stable.yaml", stringify({ config }));
  }

  async run(args: string, environment: NodeJS.ProcessEnv = { RELEASE_SIGNING_KEY: ann.pem }, at = now) {
    const words = [...args.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
    let [output, complaints] = ["", ""];
    const code = await runApprove(words, {
      projectDir: this.folder,
      environment,
      now: at,
      write: (text) => {
        output += text;
      },
      complain: (text) => {
        complaints += text;
      },
    });
    return { code, output, complaints };
  }

  decisions = () => readApprovals(this.folder, "approvals", accessOf(ann));
}

let office: Office;
beforeEach(() => {
  office = new Office();
});
afterEach(() => office.remove());

const about = {
  channel: "stable",
  version: "1.1.0",
  hash: resolveRelease(release, {}).hash,
  signedAt: now.toISOString(),
};

describe("signing an approval", () => {
  test("writes a file that counts, for the version that the channel asks for, for a week", async () => {
    const { code, output, complaints } = await office.run("sign --channel stable --scope start");
    expect({ code, complaints }).toEqual({ code: 0, complaints: "" });
    const file = "approvals/stable_1.1.0_start_ann-2026.jws";
    expect(output).toBe(
      [
        `${file}: approval of start, 1.1.0 in stable`,
        `  release file  sha256 ${about.hash}`,
        "  signed by     ann (operations)",
        "  holds until   2026-01-12T12:00:00.000Z",
        "",
      ].join("\n"),
    );
    expect(await office.decisions()).toEqual({
      status: "known",
      approvals: [
        {
          file,
          by: "ann",
          roles: ["operations"],
          scope: "start",
          ...about,
          expiresAt: "2026-01-12T12:00:00.000Z",
        },
      ],
      overrides: [],
      rejected: [],
    });
  });

  test("of another version, for another time", async () => {
    office.write("releases/1.2.0.yaml", stringify(aFile("1.2.0")));
    await office.run("sign --channel stable --version 1.2.0 --scope 30 --expires 30m");
    expect(await office.decisions()).toMatchObject({
      approvals: [{ version: "1.2.0", scope: "30", expiresAt: "2026-01-05T12:30:00.000Z" }],
    });
  });

  test("again renews it", async () => {
    const later = new Date("2026-01-20T12:00:00Z");
    await office.run("sign --channel stable --scope start");
    await office.run("sign --channel stable --scope start", undefined, later);
    expect(await office.decisions()).toMatchObject({ approvals: [{ signedAt: later.toISOString() }] });
  });

  test("takes the key from a file, by option or environment; one that others can read is told", async () => {
    const { complaints } = await office.run(
      `sign --channel stable --scope start --key-file ${office.keyFile}`,
      {},
    );
    expect(complaints).toMatch(/^Warning: .*ann\.pem can be read by others: chmod 600/);
    const inEnvironment = { RELEASE_SIGNING_KEY_FILE: office.keyFile };
    expect((await office.run("sign --channel stable --scope start", inEnvironment)).code).toBe(0);
  });

  test("warns of a signer without any role", async () => {
    office.write("access.yaml", stringify({ identities: [{ ...ann.identity, roles: [] }] }));
    expect(await office.run("sign --channel stable --scope start")).toMatchObject({
      code: 0,
      complaints: "Warning: ann has no role in the access file: it will not be counted\n",
    });
  });
});

describe("signing is refused", () => {
  const refused = async (args: string, told: string | RegExp, environment?: NodeJS.ProcessEnv) => {
    const { code, output, complaints } = await office.run(args, environment);
    expect({ code, output }).toEqual({ code: 1, output: "" });
    expect(complaints).toMatch(told);
    expect(complaints).not.toContain("PRIVATE KEY");
    expect(complaints).not.toMatch(/\n\s+at /);
    expect(await office.decisions()).toMatchObject({ approvals: [], overrides: [] });
  };
  const sign = "sign --channel stable --scope start";

  test("where the approvals folder is a file", async () => {
    office.write("approvals", "");
    const { code, complaints } = await office.run(sign);
    expect(code).toBe(1);
    expect(complaints).toMatch(
      /^approvals\/stable_1\.1\.0_start_ann-2026\.jws cannot be written \(key channel\.approvals\.folder\): EEXIST$/m,
    );
  });

  test("without a key", () => refused(sign, /^No key to sign with: give --key-file/, {}));
  test("with a key file that is not there", () =>
    refused(`${sign} --key-file nowhere.pem`, "nowhere.pem cannot be read: ENOENT"));
  test("with something that is no key", () =>
    refused(sign, /no ed25519 private key/, { RELEASE_SIGNING_KEY: "secret" }));
  test("with a key that is nobody's, and its public half is told", () => {
    const joe = person("joe");
    return refused(sign, joe.identity.keys[0]!.ed25519, { RELEASE_SIGNING_KEY: joe.pem });
  });
  test("of a version without a release file", () =>
    refused(`${sign} --version 9.9.9`, /releases\/9\.9\.9\.yaml/));
  test("in a channel that is not there", () =>
    refused("sign --channel beta --scope start", /Pulumi\.beta\.yaml/));
  test("in a channel without an access file", () => {
    office.channel({ access: undefined });
    return refused(sign, "names no access file (key channel.access)");
  });
  test("with an access file that is not valid, and where is told", () => {
    office.write("access.yaml", "identities:\n  - name: ann\n    roles: []\n");
    return refused(sign, /access\.yaml:2:5 identities\.0:/);
  });
});

describe("signing an override", () => {
  const override = 'override --channel stable --gate slo --reason "load test"';

  test("writes a file that lasts four hours", async () => {
    expect((await office.run(override)).code).toBe(0);
    expect(await office.decisions()).toMatchObject({
      overrides: [
        { by: "ann", gate: "slo", reason: "load test", ...about, expiresAt: "2026-01-05T16:00:00.000Z" },
      ],
    });
  });

  test.each(["24h", "1d"])("for %s, and not longer", async (expires) => {
    expect((await office.run(`${override} --expires ${expires}`)).code).toBe(0);
    expect(await office.run(`${override} --expires 25h`)).toMatchObject({
      code: 1,
      complaints: "An override lasts 24 h at most (--expires).\n",
    });
  });

  test("by who may not override here warns that it will not count", async () => {
    office.channel({});
    expect((await office.run(override)).complaints).toContain(
      "it will not be counted: who may override is nobody",
    );
  });

  test("without a reason is refused", async () => {
    expect(await office.run('override --channel stable --gate slo --reason " "')).toMatchObject({ code: 1 });
  });
});

describe("wrong usage", () => {
  test.each([
    ["", /Usage: npm run approve/],
    ["sing", /unknown command 'sing'/],
    ["sign --channel stable", /required option '--scope <scope>' not specified/],
    ["sign --scope start", /required option '--channel <stack>' not specified/],
    [
      "sign --channel stable --scope all",
      /expected start, finalize, contract, low-traffic, hotfix, a weight/,
    ],
    ["sign --channel stable --scope start --expires soon", /expected a duration such as/],
    ["sign --channel stable --scope start --key secret", /unknown option '--key'/],
    ["override --channel stable --gate slo", /required option '--reason/],
    ["override --channel stable --gate data-plane --reason x", /nobody may override it; there are semver/],
  ])("%j is answered with what is expected, and exit code 2", async (args, told) => {
    const { code, complaints } = await office.run(args);
    expect(code).toBe(2);
    expect(complaints).toMatch(told);
    expect(readdirSync(office.folder)).not.toContain("approvals");
  });

  test("help shows examples, and is no mistake", async () => {
    const { code, output } = await office.run("--help");
    expect(code).toBe(0);
    expect(output).toContain("npm run approve -- sign --channel stable --version 2.0.0 --scope start");
  });
});

describe("making a key", () => {
  const keygen = (file: string) => `keygen --name "Eve Example" --key-id eve-1 --out ${file}`;

  test("writes it for its owner's eyes only, and prints the entry of the access file", async () => {
    const file = join(office.folder, ".release/keys/eve.pem");
    const { code, output } = await office.run(keygen(file));
    expect(code).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    expect(output).toMatch(/^identities:\n {2}- name: Eve Example\n/);
    office.write("access.yaml", output.replace("roles: []", "roles: [business]"));
    const signed = await office.run("sign --channel stable --scope start", {
      RELEASE_SIGNING_KEY_FILE: file,
    });
    expect(signed.output).toContain("signed by     Eve Example (business)");
  });

  test("never over a file that is there", async () => {
    const before = readFileSync(office.keyFile, "utf8");
    expect(await office.run(keygen(office.keyFile))).toMatchObject({
      code: 1,
      output: "",
      complaints: expect.stringContaining("exists already and is left as it is"),
    });
    expect(readFileSync(office.keyFile, "utf8")).toBe(before);
  });

  test("where no file can be written is refused", async () => {
    expect(await office.run(keygen(join(office.keyFile, "eve.pem")))).toMatchObject({ code: 1, output: "" });
  });
});

describe("the list", () => {
  test("shows what is signed, by whom, for what, until when, and what cannot be believed", async () => {
    expect((await office.run("list --channel stable")).output).toMatch(/^approvals: nothing is signed\.\n/);
    await office.run("sign --channel stable --scope start");
    await office.run("override --channel stable --gate slo --reason x --expires 1h");
    office.write("approvals/junk", "junk");
    const later = new Date("2026-01-05T14:00:00Z");
    const { code, output } = await office.run("list --channel stable", {}, later);
    expect(code).toBe(0);
    const words = output.replaceAll(/\s+/g, " ");
    expect(words).toContain("approval 1.1.0 stable start ann until 2026-01-12T12:00:00.000Z");
    expect(words).toContain("override 1.1.0 stable slo ann expired at 2026-01-05T13:00:00.000Z");
    expect(words).toContain("rejected approvals/junk: it is no JSON Web Signature");
    for (const line of output.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe("a role that nobody has", () => {
  const section = {
    approvals: { rules: [{ change: "any", at: 100, roles: ["operations", "tecnology"] }] },
    permissions: { start: ["operations"], override: ["chief"] },
    hotfix: { observation: { for: "5m" }, roles: ["operations"] },
  };

  test("is told by the list, with the key that names it", async () => {
    office.channel(section);
    const { output } = await office.run("list --channel stable");
    expect(output.split("\n").slice(1, -1)).toEqual([
      "Nobody in access.yaml has the role tecnology (key channel.approvals.rules).",
      "Nobody in access.yaml has the role chief (key channel.permissions.override).",
    ]);
  });

  test.each([
    ["start", section, null],
    ["100", section, null],
    ["hotfix", section, null],
    ["low-traffic", section, null],
    ["50", section, "an approval of 50 is asked of nobody"],
    ["finalize", { permissions: { promote: ["chief"] } }, "an approval of finalize is asked of chief"],
    ["low-traffic", { permissions: { promote: ["chief"] } }, "an approval of low-traffic is asked of chief"],
    ["30", { permissions: { promote: ["operations"] } }, null],
    ["hotfix", {}, "an approval of hotfix is asked of nobody"],
    ["start", {}, null],
  ])("of an approval of %s the signer is told when it will not count", async (scope, more, warning) => {
    office.channel(more);
    const { code, complaints } = await office.run(`sign --channel stable --scope ${scope}`);
    expect({ code, complaints }).toEqual({
      code: 0,
      complaints: warning === null ? "" : `Warning: it will not be counted: ${warning}\n`,
    });
  });
});

test("the help says how long a signature holds in words that can be written", async () => {
  const { output } = await office.run("sign --help");
  expect(output.replaceAll(/\s+/g, " ")).toContain("as in 30m, 4h or 7d (default: 7d) --key-file");
});

test("the command itself: a key from the environment, an exit code, and no key in what it prints", async () => {
  const run = (args: string[]) =>
    execa(
      "node",
      [join(process.cwd(), "run.cjs"), join(process.cwd(), "evidence/approvals/cli.ts"), ...args],
      {
        cwd: office.folder,
        env: { RELEASE_SIGNING_KEY: ann.pem },
        reject: false,
        all: true,
      },
    );
  const signed = await run(["sign", "--channel", "stable", "--scope", "start"]);
  expect(signed).toMatchObject({ exitCode: 0 });
  expect(signed.all).not.toContain("PRIVATE KEY");
  expect(await office.decisions()).toMatchObject({ approvals: [{ by: "ann" }] });
  expect(await run(["sign", "--channel", "beta", "--scope", "start"])).toMatchObject({ exitCode: 1 });
  expect(await run(["sign"])).toMatchObject({ exitCode: 2 });
}, 30_000);
