import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { valid } from "semver";
import { type ReleaseFile, releaseFile } from "../schemas/release";
import { userErrorFrom } from "./problems";
import { check, readYaml } from "./yaml";

/**
 * Reads `<folder>/<version>.yaml`.
 * @throws {UserError} when there is no such file, it is not valid, or it describes another version.
 */
export function loadRelease(projectDir: string, folder: string, version: string): ReleaseFile {
  const shownAs = join(folder, `${version}.yaml`);
  const path = resolve(projectDir, shownAs);
  const source = readYaml(path, shownAs, `known versions: ${knownVersions(resolve(projectDir, folder))}`);
  const release = check(releaseFile, source.value, source);
  if (release.version !== version) {
    throw userErrorFrom(`${shownAs} is not valid.`, [
      {
        file: shownAs,
        ...source.locate(["version"]),
        field: "version",
        found: JSON.stringify(release.version),
        expected: `expected ${version}, as in the file's name`,
      },
    ]);
  }
  return release;
}

function knownVersions(folder: string): string {
  if (!existsSync(folder)) {
    return `none, the folder ${folder} does not exist (key channel.releases). Whatever builds the images writes their release files there; for the sample product that is \`make cluster\``;
  }
  const versions = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -".yaml".length))
    .filter((name) => valid(name) !== null);
  return versions.length === 0 ? "none" : versions.sort().join(", ");
}
