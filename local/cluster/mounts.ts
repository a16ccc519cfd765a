import { readFileSync } from "node:fs";
import { execa } from "execa";

/** All mount points, in the order they were mounted. */
function mountPoints(): string[] {
  return (
    readFileSync("/proc/self/mountinfo", "utf8")
      .trimEnd()
      .split("\n")
      // Spaces and the like are written as octal escapes.
      .map((line) =>
        (line.split(" ")[4] ?? "").replace(/\\(\d{3})/g, (_, code) =>
          String.fromCharCode(Number.parseInt(code, 8)),
        ),
      )
  );
}

export function isMounted(path: string): boolean {
  return mountPoints().includes(path);
}

/** Mount points at or below any of these folders. */
export function mountsBelow(dirs: string[]): string[] {
  return mountPoints().filter((point) => dirs.some((dir) => point === dir || point.startsWith(`${dir}/`)));
}

/** Unmounts everything at or below these folders, the innermost first. */
export async function unmountBelow(dirs: string[]): Promise<void> {
  for (const point of mountsBelow(dirs).reverse()) {
    const { exitCode } = await execa("umount", [point], { reject: false });
    if (exitCode !== 0) await execa("umount", ["--lazy", point]);
  }
}
