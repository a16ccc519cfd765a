import { join } from "node:path";
import { execa } from "execa";
import { kubeconfigPath } from "../settings";
import { binDir } from "./bin";
import { processEnvironment } from "./process";

/** Runs kubectl as the cluster's administrator and returns its output. */
export async function kubectl(args: string[], input?: string): Promise<string> {
  const { stdout } = await execa(join(binDir, "kubectl"), args, {
    env: { PATH: processEnvironment().PATH, HOME: processEnvironment().HOME, KUBECONFIG: kubeconfigPath },
    extendEnv: false,
    ...(input === undefined ? { stdin: "ignore" } : { input }),
  });
  return stdout;
}

/** Applies objects by server-side apply, as this project's own field manager. */
export async function apply(objects: object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await kubectl(
    ["apply", "--server-side", "--force-conflicts", "--field-manager=release-channels-local", "-f", "-"],
    list,
  );
}
