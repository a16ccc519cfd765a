import { runAudit } from "./command";

runAudit(process.argv.slice(2), {
  projectDir: process.cwd(),
  environment: process.env,
  now: new Date(),
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
}).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    // That the program failed says nothing of the evidence.
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 2;
  },
);
