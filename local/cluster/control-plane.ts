import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { locate } from "../debian/requirements";
import { kubeconfigPath, logDir, network, ports, stateDir } from "../settings";
import type { Tools } from "../tools/install";
import { UserError } from "../user-error";
import { kubectl } from "./kubectl";
import { endProcesses, processEnvironment, runningProcesses } from "./process";
import { waitFor } from "./wait";

const clusterName = "release-channels";
const kwokDir = join(stateDir, "kwok");
const clusterDir = join(kwokDir, "clusters", clusterName);
/** Certificates of the control plane: `ca.crt` and the administrator's pair. */
export const pkiDir = join(clusterDir, "pki");

const components = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;

/** etcd, API server, controller manager and scheduler, made and started by kwokctl; the node is a real one of ours. */
export async function ensureControlPlane({ programs }: Tools): Promise<void> {
  const configuration = stringify(kwokctlConfiguration(programs));
  const configurationPath = join(stateDir, "kwokctl.yaml");
  const created = existsSync(configurationPath);
  if (created && readFileSync(configurationPath, "utf8") !== configuration) {
    throw new UserError(
      "The embedded cluster was created by another version of this project or with other settings. Run `make cluster-down`, then try again.",
    );
  }
  const absent = components.filter((name) => !runningProcesses().some((running) => running.name === name));
  if (!created) {
    mkdirSync(clusterDir, { recursive: true, mode: 0o700 });
    mkdirSync(logDir, { recursive: true });
    symlinkSync(logDir, join(clusterDir, "logs")); // kwokctl writes its processes' logs there
    writeFileSync(configurationPath, configuration);
    await kwokctl(programs.kwokctl, [
      "create",
      "cluster",
      "--config",
      configurationPath,
      "--kubeconfig",
      kubeconfigPath,
    ]);
  } else if (absent.length > 0) {
    // An API server that lost etcd for a while takes up to two minutes to try it again.
    if (absent.includes("etcd")) {
      await endProcesses(
        runningProcesses().filter(({ name }) => name === "kube-apiserver"),
        1,
      );
    }
    removeStalePidFiles();
    await kwokctl(programs.kwokctl, ["start", "cluster"]);
  }
  await waitFor({
    what: "the API server is ready",
    process: "kube-apiserver",
    seconds: 60,
    check: async () => (await kubectl(["get", "--raw", "/readyz"])) === "ok",
  });
}

/** kwokctl takes any process with a recorded pid for its own: forget those that aren't. */
function removeStalePidFiles(): void {
  const running = runningProcesses();
  for (const name of components) {
    const path = join(clusterDir, "pids", `${name}.pid`);
    if (!existsSync(path)) continue;
    const pid = Number(readFileSync(path, "utf8"));
    if (!running.some((process) => process.pid === pid && process.name === name)) rmSync(path);
  }
}

async function kwokctl(program: string, args: string[]): Promise<void> {
  const { exitCode, all } = await execa(program, ["--name", clusterName, ...args], {
    env: processEnvironment({ KWOK_WORKDIR: kwokDir }),
    extendEnv: false,
    cwd: "/",
    stdin: "ignore",
    all: true,
    reject: false,
    timeout: 150_000,
  });
  if (exitCode !== 0) {
    throw new UserError(
      `The control plane did not start (logs: ${logDir}). kwokctl said:\n${all.slice(-1500)}`,
    );
  }
}

function kwokctlConfiguration(programs: Tools["programs"]): unknown {
  const flags = (name: (typeof components)[number], args: Record<string, string>) => ({
    name,
    extraArgs: Object.entries(args).map(([key, value]) => ({ key, value })),
  });
  return {
    apiVersion: "config.kwok.x-k8s.io/v1alpha1",
    kind: "KwokctlConfiguration",
    options: {
      runtime: "binary",
      bindAddress: "127.0.0.1",
      components,
      etcdBinary: locate("etcd"),
      kubeApiserverBinary: programs["kube-apiserver"],
      kubeControllerManagerBinary: programs["kube-controller-manager"],
      kubeSchedulerBinary: programs["kube-scheduler"],
      kubectlBinary: programs.kubectl,
      kubeApiserverPort: ports.apiServer,
      etcdPort: ports.etcd,
      etcdPeerPort: ports.etcdPeer,
      kubeControllerManagerPort: ports.controllerManager,
      kubeSchedulerPort: ports.scheduler,
    },
    componentsPatches: [
      flags("kube-apiserver", {
        // Loopback cannot be advertised; nothing in the cluster reads this address.
        "advertise-address": network.hostAddress,
        // What `kubectl logs` and `exec` need to reach the kubelet.
        "kubelet-client-certificate": join(pkiDir, "admin.crt"),
        "kubelet-client-key": join(pkiDir, "admin.key"),
        "kubelet-preferred-address-types": "InternalIP",
      }),
    ],
  };
}
