import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { installed } from "./cluster";
import { eventually } from "./harness";

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Starts a plugin as a child of a shell that stands for the engine. */
async function startUnderEngine(name: "kubernetes" | "command") {
  const executable = await installed(name);
  const engine = spawn("/bin/sh", ["-c", `"$1" 127.0.0.1:1 & echo $!; wait`, "engine", executable], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  createInterface({ input: engine.stdout }).on("line", (line) => lines.push(line));
  await eventually(() => lines.length === 2);
  const [pid, port] = lines.map(Number);
  return { engine, pid: pid!, port: port! };
}

describe.each(["kubernetes", "command"] as const)("the process of the %s plugin", (name) => {
  test("prints its port first", async () => {
    const { engine, pid, port } = await startUnderEngine(name);
    expect(port).toBeGreaterThan(0);
    process.kill(pid, "SIGTERM");
    await once(engine, "exit");
  });

  test("ends when it is interrupted", async () => {
    const { engine, pid } = await startUnderEngine(name);
    process.kill(pid, "SIGINT");
    await eventually(() => !isAlive(pid));
    engine.kill();
  });

  test("ends when the engine is gone, so that nothing goes on after a kill", async () => {
    const { engine, pid } = await startUnderEngine(name);
    engine.kill("SIGKILL");
    await eventually(() => !isAlive(pid));
  });
});
