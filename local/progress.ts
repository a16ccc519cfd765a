import pc from "picocolors";

export interface Step<T = void> {
  /** What is there when the step is done: "PostgreSQL". */
  title: string;
  run: (report: (line: string) => void) => Promise<T>;
}

const heartbeatMilliseconds = 10_000;

/** Runs steps side by side. Throws the first failure once all have ended. */
export async function runSteps(...steps: Step[]): Promise<void> {
  const results = await Promise.allSettled(steps.map((step) => runStep(step)));
  const failure = results.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

/** Runs a step, with a line on stderr when it is done and while it takes long. */
export async function runStep<T>({ title, run }: Step<T>): Promise<T> {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  let lastLine = started;
  const print = (line: string) => {
    lastLine = Date.now();
    process.stderr.write(`${line}\n`);
  };
  const heartbeat = setInterval(() => {
    if (Date.now() - lastLine >= heartbeatMilliseconds) print(`  ${title}: ${seconds()} so far`);
  }, 1000);
  try {
    const result = await run((line) => print(`  ${line}`));
    print(`${pc.green("✔")} ${title} ${pc.dim(`(${seconds()})`)}`);
    return result;
  } catch (error) {
    print(`${pc.red("✖")} ${title} ${pc.dim(`(${seconds()})`)}`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}
