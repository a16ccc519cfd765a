import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { releaseFile } from "../../../config/schemas/release";
import { applications } from "../../../local/images/catalogue";
import { fillRelease } from "../../../local/images/releases";
import { dataSchema } from "../../../policies/gates/data-schema";
import { migrations } from "../../../policies/gates/migrations";
import { type Release, resolveRelease } from "../../../rollout/release";
import { aChannel, transition } from "../../gates/transitions";
import { rolling, steady } from "../../rollout/releases";

const digest = `sha256:${"a".repeat(64)}`;
const images = [...applications, { name: "local/ledger", tag: "1" }].map(({ name, tag }) => ({
  name,
  tag,
  digest,
}));
const withoutLedger = aChannel();
const channel = aChannel({ migrations: { deadline: "60s", ledger: { url: { name: "db", key: "url" } } } });

function release(version: string): Release {
  const path = `local/sample/releases/${version}.yaml`;
  const filled = fillRelease(readFileSync(path, "utf8"), images, path);
  return resolveRelease(releaseFile.parse(parse(filled)), {});
}

function judge(from: string, to: string) {
  const [live, next] = [release(from), release(to)];
  const input = transition({
    kind: "start",
    from: steady(live),
    to: rolling(10, next, live),
    // Releases of before 1.6.0 only expand, and bring no ledger.
    channel: next.ledger === undefined ? withoutLedger : channel,
  });
  return [migrations(input), dataSchema(input)];
}

describe("the sample's releases", () => {
  it.each([
    ["1.0.0", "1.1.0"],
    ["1.1.0", "1.5.0"],
    ["1.5.0", "1.6.0"],
    ["1.6.0", "1.7.0"],
    ["1.7.0", "1.8.0"],
  ])("%s may be followed by %s, and they run side by side", (from, to) => {
    expect(judge(from, to).map(({ status, reason }) => ({ status, reason }))).toMatchObject([
      { status: "pass" },
      { status: "pass" },
    ]);
  });

  it.each([
    ["1.5.0", "1.7.0", "1.7.0 reads schema 3, 4 and not 2, which 1.5.0 writes"],
    ["1.6.0", "1.8.0", "1.6.0 reads schema 1, 2, 3 and not 4, which 1.8.0 writes"],
  ])("from %s to %s is too far: the one between has not moved the data yet", (from, to, reason) => {
    const [, verdict] = judge(from, to);
    expect(verdict).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });

  it.each(["1.6.0", "1.7.0", "1.8.0"])("%s may be the first one", (version) => {
    const to = steady(release(version));
    const input = transition({ kind: "install", from: null, to, channel });
    expect(migrations(input)).toMatchObject({ status: "pass" });
    expect(dataSchema(input)).toMatchObject({ status: "pass" });
  });

  it("declare only schemas of which the compatibility matrix has data", () => {
    for (const version of ["1.5.0", "1.6.0", "1.7.0", "1.8.0"]) {
      const { writes, reads, next = writes + 1 } = release(version).data!;
      for (const schema of [writes, next, ...reads]) {
        expect(() => readFileSync(`compat/fixtures/schema-${schema}.json`)).not.toThrow();
      }
    }
  });
});
