import { execFile } from "node:child_process";
import { basename } from "node:path";
import type { CompatMatrix } from "../../config/schemas/compat";
import { type CaseRun, type Execute, mountedPath, noAnswer, parseAnswer } from "./answer";

const longestOutputBytes = 4 * 1024 * 1024;

/** Runs images by a command of this machine, such as docker; words are filled in, and no shell reads them. */
export function localExecutor({ local, deadline }: Pick<CompatMatrix, "local" | "deadline">): Execute {
  return (run, interrupted) =>
    new Promise((resolve, reject) => {
      const [program = "", ...args] = commandLine(local, run);
      const options = { timeout: deadline * 1000, maxBuffer: longestOutputBytes, signal: interrupted };
      execFile(program, args, options, (error, stdout, stderr) => {
        if (interrupted.aborted) return reject(interrupted.reason);
        if (error === null) return resolve(parseAnswer(stdout));
        if (error.code === "ENOENT")
          return resolve(noAnswer(`there is no program ${program} on this machine`));
        if (error.killed) return resolve(noAnswer(`it did not end within ${deadline} s`));
        const answer = parseAnswer(stdout);
        // A reader may well end with an error where it cannot read; only silence has to be explained.
        if (answer.problem === null) return resolve(answer);
        const end = stderr
          .split(/\s*\n\s*/)
          .filter(Boolean)
          .slice(-3)
          .join(" / ");
        resolve(noAnswer(`${answer.problem} (exit code ${error.code}${end === "" ? "" : `: ${end}`})`));
      });
    });
}

export function commandLine(local: readonly string[], { image, command, file }: CaseRun): string[] {
  const mounted = mountedPath(basename(file));
  const isMounted = local.some((word) => word.includes("{{mounted}}"));
  const [program = "", ...rest] = command.map((word) =>
    word.replaceAll("{{fixture}}", isMounted ? mounted : file),
  );
  return local.flatMap((word) =>
    word === "{{arguments}}"
      ? rest
      : [
          word
            .replaceAll("{{image}}", image)
            .replaceAll("{{program}}", program)
            .replaceAll("{{mounted}}", mounted)
            .replaceAll("{{file}}", file),
        ],
  );
}
