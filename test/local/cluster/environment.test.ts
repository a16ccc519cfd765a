import { execFileSync } from "node:child_process";
import { exportLines } from "../../../local/cluster/environment";

describe("the environment as shell commands", () => {
  it("survives the shell unchanged, whatever the values contain", () => {
    const value = `a b "c" 'd' $HOME \`id\` \\ * ; & é`;
    const script = `${exportLines({ STRANGE: value, PLAIN: "/bin" })}printf '%s|%s' "$STRANGE" "$PLAIN"`;
    expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toBe(`${value}|/bin`);
  });
});
