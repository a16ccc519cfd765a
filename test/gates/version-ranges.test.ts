import * as fc from "fast-check";
import { satisfies } from "semver";
import type { z } from "zod";
import type { channelSection } from "../../config/schemas/channel";
import { compat } from "../../policies/gates/compat";
import { rolling, steady } from "../rollout/releases";
import { type ReleaseParts, releaseWith } from "./releases-of-data";
import { aChannel, transition } from "./transitions";

type Installed = Pick<z.input<typeof channelSection>, "plugins" | "peers">;

function judge(release: ReleaseParts, installed: Installed = {}) {
  const input = { kind: "start", from: steady(), to: rolling(10, releaseWith("1.1.0", release)) } as const;
  return compat(transition({ ...input, channel: aChannel(installed) }));
}

describe("plugins and peers", () => {
  test.each([
    [
      "a plugin within its range",
      { plugins: { orders: "^2.1.0" } },
      { plugins: { orders: "2.3.1" } },
      "pass",
      /orders 2\.3\.1 is within \^2\.1\.0/,
    ],
    [
      "a plugin out of it",
      { plugins: { orders: "^2.1.0" } },
      { plugins: { orders: "3.0.0" } },
      "fail",
      /1\.1\.0 works with the plugin orders \^2\.1\.0, and 3\.0\.0 is installed$/,
    ],
    [
      "a plugin nobody knows of",
      { plugins: { orders: "^2.1.0" } },
      {},
      "hold",
      /channel\.plugins\.orders, or none/,
    ],
    [
      "a plugin that is not installed",
      { plugins: { orders: "^2.1.0" } },
      { plugins: { orders: "none" } },
      "pass",
      /not installed/,
    ],
    [
      "an installed plugin the release says nothing of",
      {},
      { plugins: { orders: "2.0.0" } },
      "hold",
      /names no range for the plugin orders, of which 2\.0\.0/,
    ],
    [
      "a plugin declared as not installed, of which the release says nothing",
      {},
      { plugins: { orders: "none" } },
      "skipped",
      /no plugins or peers/,
    ],
    [
      "a peer within its range",
      { peers: { billing: ">=4 <6" } },
      { peers: { billing: "5.9.9" } },
      "pass",
      /peer billing/,
    ],
    [
      "a peer out of it",
      { peers: { billing: ">=4 <6" } },
      { peers: { billing: "6.0.0" } },
      "fail",
      /peer billing >=4 <6, and 6\.0\.0/,
    ],
    ["a peer nobody knows of", { peers: { billing: "*" } }, {}, "hold", /channel\.peers\.billing$/],
    [
      "a peer the release does not talk to",
      {},
      { peers: { billing: "1.0.0" } },
      "skipped",
      /no plugins or peers/,
    ],
    [
      "a prerelease of the next major",
      { plugins: { orders: "^2.1.0" } },
      { plugins: { orders: "2.2.0-rc.1" } },
      "fail",
      /2\.2\.0-rc\.1 is installed \(a prerelease counts only where the range names one/,
    ],
    [
      "a prerelease that the range names",
      { plugins: { orders: ">=2.2.0-rc.1 <3" } },
      { plugins: { orders: "2.2.0-rc.2" } },
      "pass",
      /orders/,
    ],
    [
      "one good and one bad: the bad one is told",
      { plugins: { a: "1", b: "1" } },
      { plugins: { a: "1.0.0", b: "2.0.0" } },
      "fail",
      /^[^;]*plugin b[^;]*$/,
    ],
    ["names of every object", { plugins: { constructor: "1" } }, {}, "hold", /constructor/],
  ] as [string, ReleaseParts, Installed, string, RegExp][])("%s", (_, release, installed, status, reason) => {
    const verdict = judge(release, installed);
    expect(verdict).toMatchObject({ gate: "compat", status });
    expect(verdict.reason).toMatch(reason);
  });

  test("each stage asks again", () => {
    const next = releaseWith("1.1.0", { plugins: { orders: "^2.1.0" } });
    const input = transition({ to: rolling(30, next), channel: aChannel({ plugins: { orders: "3.0.0" } }) });
    expect(compat(input).status).toBe("fail");
  });
});

test("whatever is installed, it passes only within all ranges, and never on what is not known", () => {
  const version = fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom("", "-rc.1"))
    .map(([n, tail]) => `${n}.0.0${tail}`);
  const range = fc.constantFrom("^1.0.0", ">=2.0.0-rc.1", "*", "1 || 3");
  const names = fc.constantFrom("a", "b");
  fc.assert(
    fc.property(fc.dictionary(names, range), fc.dictionary(names, version), (peers, installed) => {
      const { status } = judge({ peers }, { peers: installed });
      const good = Object.entries(peers).every(([name, wanted]) => {
        const found = installed[name];
        return found !== undefined && satisfies(found, wanted);
      });
      if (Object.keys(peers).length === 0) expect(status).toBe("skipped");
      else expect(status === "pass").toBe(good);
    }),
  );
});
