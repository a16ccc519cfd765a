import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { ledgerImage } from "../../../local/images/ledger";
import { ensureLedger } from "../../../local/tools/install";

jest.setTimeout(120_000);

const go = (program: string, ...args: string[]) =>
  execFileSync(program, args, {
    cwd: "ledger",
    encoding: "utf8",
    stdio: "pipe",
    env: { ...process.env, GOFLAGS: "-mod=readonly" },
  });

describe("the ledger's source", () => {
  it("is in Go's own format, and Go's vet finds nothing", () => {
    expect(go("gofmt", "-l", ".")).toBe("");
    expect(go("go", "vet", "./...")).toBe("");
  });

  it("is all that its Dockerfile copies", () => {
    const allowed = readFileSync("ledger/.dockerignore", "utf8");
    expect(allowed.split("\n").filter(Boolean)).toEqual(["*", "!go.mod", "!go.sum", "!*.go", "!*.sql"]);
    const others = readdirSync("ledger").filter((file) => !/^go\.(mod|sum)$|\.(go|sql)$/.test(file));
    expect(others.sort()).toEqual([".dockerignore", "Dockerfile", "README.md"]);
  });

  it("gives a program that needs no library, and an image that runs it as nobody's user", async () => {
    const program = await ensureLedger(() => undefined);
    const headers = readFileSync(program).subarray(0, 4096).toString("latin1");
    expect(headers.slice(1, 4)).toBe("ELF");
    expect(headers).not.toContain("ld-linux");
    const { config, layers } = await ledgerImage();
    expect(JSON.parse(config.content.toString()).config).toMatchObject({
      User: "10001:10001",
      Entrypoint: ["/bin/ledger"],
    });
    expect(layers).toHaveLength(1);
  });

  it("gives the same image each time", async () => {
    const [first, second] = [await ledgerImage(), await ledgerImage()];
    expect(second.manifest.digest).toBe(first.manifest.digest);
  });
});
