import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "../../local/lock";
import { UserError } from "../../local/user-error";

describe("a lock on a file", () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "lock-"));
    path = join(dir, "deeper", "lock");
    jest.spyOn(process.stderr, "write").mockReturnValue(true);
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
    jest.restoreAllMocks();
  });

  it("lets one piece of work at a time pass", async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise(setImmediate);
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withLock(path, "a thing", 10, work)));
    expect(most).toBe(1);
  });

  it("is free again after work that failed", async () => {
    await expect(withLock(path, "a thing", 1, () => Promise.reject(new Error("broken")))).rejects.toThrow(
      "broken",
    );
    await expect(withLock(path, "a thing", 1, async () => "done")).resolves.toBe("done");
  });

  it("names the process that keeps it too long", async () => {
    await withLock(path, "a thing", 1, async () => {
      const second = withLock(path, "a thing", 0, async () => undefined);
      await expect(second).rejects.toThrow(UserError);
      await expect(second).rejects.toThrow(`Process ${process.pid} has been working on a thing`);
    });
  });

  it("is not held by a process that was killed", async () => {
    await withLock(path, "a thing", 1, async () => undefined);
    const holder = spawn("flock", ["--no-fork", path, "sh", "-c", "echo held; exec sleep 60"]);
    await once(holder.stdout, "data");
    const next = withLock(path, "a thing", 10, async () => "mine");
    holder.kill("SIGKILL");
    await expect(next).resolves.toBe("mine");
  });
});
