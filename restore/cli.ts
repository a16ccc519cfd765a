import { UserError } from "../config/load/problems";
import { runRestoreCommand } from "./command";

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interruption.abort(new UserError("Interrupted.")));
}

runRestoreCommand(process.argv.slice(2), {
  projectDir: process.cwd(),
  now: new Date(),
  interrupted: interruption.signal,
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
}).then((code) => {
  process.exitCode = code;
});
