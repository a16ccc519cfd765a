import { runEvidence } from "./command";

runEvidence(process.argv.slice(2), {
  projectDir: process.cwd(),
  now: new Date(),
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
}).then((code) => {
  process.exitCode = code;
});
