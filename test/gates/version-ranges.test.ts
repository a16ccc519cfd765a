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

test("a plugin may have the name of what every object has", () => {
  expect(judge({ plugins: { constructor: "1" } })).toMatchObject({
    status: "hold",
    reason: expect.stringContaining("constructor"),
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
