import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectDir } from "../../../local/settings";

/** Bundling takes seconds on a busy machine, and is done once. */
jest.setTimeout(60_000);
const cache = mkdtempSync(join(tmpdir(), "plugins-cache-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plugins-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const packageVersion = (name: string) =>
  JSON.parse(readFileSync(join(projectDir, "node_modules", "@pulumi", name, "package.json"), "utf8")).version;
const folderOf = (base: string, name: string) =>
  join(base, "plugins", `resource-${name}-v${packageVersion(name)}`);
const executableOf = (base: string, name: string) => join(folderOf(base, name), `pulumi-resource-${name}`);

/** Runs the installer with a home and a PULUMI_HOME of its own, where nothing can be downloaded. */
async function install(choice: string): Promise<string> {
  const pulumiHome = join(folder, "pulumi-home");
  const { stdout } = await promisify(execFile)(
    "node",
    ["run.cjs", "local/plugins/install-cli.ts", pulumiHome, "/bin/false"],
    {
      cwd: projectDir,
      env: {
        ...process.env,
        HOME: folder,
        XDG_CACHE_HOME: cache,
        RELEASE_CHANNELS_PLUGINS: choice,
      },
    },
  );
  return stdout;
}

function official(base: string, name: string): void {
  mkdirSync(folderOf(base, name), { recursive: true });
  writeFileSync(executableOf(base, name), "\x7fELF official");
  chmodSync(executableOf(base, name), 0o755);
}

test("stand-ins are installed under the versions of the npm packages, and one line says so", async () => {
  expect(await install("stand-in")).toBe(
    `plugins: kubernetes ${packageVersion("kubernetes")} stand-in (as asked), command ${packageVersion("command")} stand-in (as asked)\n`,
  );
  const script = readFileSync(executableOf(join(folder, "pulumi-home"), "kubernetes"), "utf8");
  const bundle = /'([^']+plugin\.cjs)'/.exec(script)?.[1];
  expect(existsSync(bundle ?? "")).toBe(true);
});

test("official plugins that are installed are used", async () => {
  const pulumiHome = join(folder, "pulumi-home");
  official(pulumiHome, "kubernetes");
  official(pulumiHome, "command");
  expect(await install("official")).toContain(
    `kubernetes ${packageVersion("kubernetes")} official (installed)`,
  );
  expect(readFileSync(executableOf(pulumiHome, "kubernetes"), "utf8")).toContain("official");
});

test("official plugins in the user's own home are linked, also in place of stand-ins", async () => {
  await install("stand-in");
  official(join(folder, ".pulumi"), "kubernetes");
  official(join(folder, ".pulumi"), "command");
  expect(await install("official")).toContain(
    `official (from ${folderOf(join(folder, ".pulumi"), "command")})`,
  );
  const used = executableOf(join(folder, "pulumi-home"), "command");
  expect(readFileSync(used, "utf8")).toContain("official");
});

test("a choice that does not exist is refused", async () => {
  await expect(install("newest")).rejects.toThrow(/RELEASE_CHANNELS_PLUGINS is "newest"/);
});
