import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectDir } from "../../../local/settings";
import type { TestChannel } from "./channel";

const left = new Set(["node_modules", ".git", ".local", ".ci", "local", "test", "docs", "bench"]);

const gateCall = 'import { judgeProposal } from "./observe/judgement";';
const nobodyAsks =
  'const judgeProposal = async () => ({ verdicts: [], snapshot: null, attribution: { actor: "somebody", reason: null } });';

/** From now on the engine asks this project's policy pack, whoever runs the channel. */
export function packIsMandatory(channel: TestChannel): void {
  channel.environment.PULUMI_OPTION_POLICY_PACK = join(projectDir, "policies");
}

/**
 * From now on the channel is run by a copy of the program in which nobody asks the gates, under the pack; until what
 * is returned is called.
 */
export function gateCallIsRemoved(channel: TestChannel): () => void {
  const dir = dirname(channel.log);
  const program = join(dir, "without-gates");
  const before = channel.environment;
  channel.environment = { ...before };
  for (const name of readdirSync(projectDir).filter((one) => !left.has(one))) {
    cpSync(join(projectDir, name), join(program, name), { recursive: true });
  }
  // Two packages of one name in a project confuse those who look for packages.
  rmSync(join(program, "policies", "package.json"));
  writeFileSync(join(program, "package.json"), JSON.stringify({ main: "run.cjs" }));
  const entry = join(program, "index.ts");
  const text = readFileSync(entry, "utf8");
  if (!text.includes(gateCall)) throw new Error(`${entry} does not import its gates as this test expects`);
  writeFileSync(entry, text.replace(gateCall, nobodyAsks));
  packIsMandatory(channel);
  Object.assign(channel.environment, {
    RELEASE_PROJECT_DIR: program,
    PULUMI_OPTION_CWD: program,
    PULUMI_OPTION_CONFIG_FILE: channel.configPath,
  });
  channel.configure({ releases: channel.releasesDir, slo: join(dir, "slo.yaml") });
  return () => {
    channel.environment = before;
  };
}
