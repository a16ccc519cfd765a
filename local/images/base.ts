import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { locate } from "../debian/requirements";
import { userId } from "./image";
import { type Blob, type File, layer } from "./layer";

const pauseSource = `#include <signal.h>
#include <unistd.h>
static void end(int signal) { _exit(0); }
int main(void) { signal(SIGTERM, end); signal(SIGINT, end); for (;;) pause(); }
`;

/** Shared libraries of an executable, as the dynamic linker finds them, and the linker itself. */
async function libraries(executable: string): Promise<string[]> {
  const { stdout } = await execa("ldd", [executable]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? "");
}

/** An executable's shared libraries, as files of a layer. */
async function copiedLibraries(executable: string): Promise<File[]> {
  const copies = (await libraries(executable)).map(async (path): Promise<File> => {
    return { path, content: await readFile(path), mode: 0o755 };
  });
  return Promise.all(copies);
}

/** Node, this machine's own with its shared libraries, and a user to run it: below every application layer. */
export async function nodeLayer(): Promise<Blob> {
  const node = await realpath(process.execPath);
  return layer(
    [
      { path: "/usr/local/bin/node", content: await readFile(node), mode: 0o755 },
      ...(await copiedLibraries(node)),
      { path: "/etc/passwd", content: Buffer.from(`app:x:${userId}:${userId}::/app:/sbin/nologin\n`) },
      { path: "/etc/group", content: Buffer.from(`app:x:${userId}:\n`) },
      { path: "/etc/nsswitch.conf", content: Buffer.from("hosts: files dns\n") },
    ],
    ["/tmp"],
  );
}

/** PostgreSQL's client programs, those of this machine's server, which refuse to dump a newer one. */
export async function postgresLayer(): Promise<Blob> {
  const programs = ["pg_dump", "pg_restore", "psql"].map((name) => join(locate("postgres"), name));
  const files = await Promise.all(
    programs.map(async (path): Promise<File[]> => {
      const program = {
        path: `/usr/local/bin/${basename(path)}`,
        content: await readFile(path),
        mode: 0o755,
      };
      return [program, ...(await copiedLibraries(path))];
    }),
  );
  return layer([...new Map(files.flat().map((file) => [file.path, file])).values()]);
}

/** The process that holds a pod's namespaces: it waits, and ends when it is told to. */
export async function pauseLayer(): Promise<Blob> {
  const dir = await mkdtemp(join(tmpdir(), "pause-"));
  try {
    const executable = join(dir, "pause");
    const options = ["-static", "-Os", "-s", "-Wl,--build-id=none", "-x", "c", "-o", executable, "-"];
    await execa("gcc", options, { input: pauseSource, cwd: dir });
    return await layer([{ path: "/pause", content: await readFile(executable), mode: 0o755 }]);
  } finally {
    await rm(dir, { recursive: true });
  }
}
