import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { goBuild } from "../../../local/tools/go-build";

/** Stands in for the toolchain: notes how it was called, and behaves as `go list` and `go build -v` do. */
const fakeGo = `#!/bin/sh
echo "GOFLAGS=$GOFLAGS $*" >> calls
[ "$1" = list ] && echo fmt && echo example/hello && exit 0
echo example/hello >&2
[ -e broken ] && echo "./main.go:3: undefined: missing" >&2 && exit 1
exit 0
`;

describe("building the tools of a Go module", () => {
  const path = process.env.PATH;
  const flags = process.env.GOFLAGS;
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "go-build-"));
    mkdirSync(join(dir, "bin"));
    writeFileSync(join(dir, "bin", "go"), fakeGo, { mode: 0o755 });
    process.env.PATH = [join(dir, "bin"), path].join(delimiter);
    process.env.GOFLAGS = "-mod=mod";
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
    process.env.PATH = path;
    if (flags === undefined) delete process.env.GOFLAGS;
    else process.env.GOFLAGS = flags;
  });

  const build = (report: (line: string) => void = () => undefined) =>
    goBuild({
      name: "hello",
      source: dir,
      packages: "tool",
      flags: ["-trimpath"],
      outputDir: join(dir, "out"),
      report,
    });

  it("resolves packages first, then compiles all of them into the folder", async () => {
    const lines: string[] = [];
    await build((line) => lines.push(line));
    expect(readFileSync(join(dir, "calls"), "utf8")).toBe(
      `GOFLAGS= list -mod=readonly -deps tool\nGOFLAGS= build -v -trimpath -o ${dir}/out/ tool\n`,
    );
    expect(lines).toEqual(["hello: downloading", expect.stringMatching(/^hello: built in \d+ s$/)]);
  });

  it("shows what the compiler said when it fails", async () => {
    writeFileSync(join(dir, "broken"), "");
    await expect(build()).rejects.toThrow(/Building hello failed.*undefined: missing/s);
  });
});
