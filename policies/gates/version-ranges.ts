import { prerelease, satisfies } from "semver";
import type { Finding } from "./findings";
import { type GateInput, judged } from "./input";

/**
 * Plugins and peers have versions of their own; those installed in the channel must be within the ranges that the
 * release names. Both directions for plugins, because they are loaded by what is released: an installed plugin of
 * which the release says nothing was never tried with it. As usual with semver, a prerelease counts only where the
 * range itself names a prerelease of the same version.
 */
export function judgeRanges(input: GateInput): Finding[] {
  const { channel } = input;
  const { version, plugins = {}, peers = {} } = judged(input);
  const unknownPlugins = Object.entries(channel.plugins)
    .filter(([name, installed]) => installed !== "none" && !Object.hasOwn(plugins, name))
    .map(
      ([name, installed]): Finding => ({
        status: "hold",
        reason: `${version} names no range for the plugin ${name}, of which ${installed} is installed`,
      }),
    );
  return [
    ...Object.entries(plugins).map(([name, range]) =>
      judgeRange(version, "plugin", name, range, own(channel.plugins, name)),
    ),
    ...unknownPlugins,
    ...Object.entries(peers).map(([name, range]) =>
      judgeRange(version, "peer", name, range, own(channel.peers, name)),
    ),
  ];
}

function own(versions: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(versions, name) ? versions[name] : undefined;
}

function judgeRange(
  version: string,
  what: "plugin" | "peer",
  name: string,
  range: string,
  installed: string | undefined,
): Finding {
  if (installed === undefined) {
    const none = what === "plugin" ? ", or none" : "";
    return {
      status: "hold",
      reason: `${version} works with the ${what} ${name} ${range}, and which version is here is not known: name it under channel.${what}s.${name}${none}`,
    };
  }
  if (installed === "none") return { status: "pass", reason: `the ${what} ${name} is not installed` };
  if (satisfies(installed, range)) {
    return { status: "pass", reason: `the ${what} ${name} ${installed} is within ${range}` };
  }
  const hint =
    prerelease(installed) === null
      ? ""
      : " (a prerelease counts only where the range names one of that version)";
  return {
    status: "fail",
    reason: `${version} works with the ${what} ${name} ${range}, and ${installed} is installed${hint}`,
  };
}
