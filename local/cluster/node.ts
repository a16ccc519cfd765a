import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { locate } from "../debian/requirements";
import { kubeconfigPath, logDir, network, ports, stateDir } from "../settings";
import type { Tools } from "../tools/install";
import { pkiDir } from "./control-plane";
import { kubectl } from "./kubectl";
import { ensureProcess } from "./process";
import { waitFor } from "./wait";

export const nodeName = "local";
/** Sockets and runtime state: short paths, gone after a reboot. */
export const runDir = "/run/release-channels";
export const containerdSocket = join(runDir, "containerd", "containerd.sock");
/** Name of the pods' network, which CNI uses in the names of its files. */
export const networkName = "release-channels";
/** Parent of all pods' cgroups, in every hierarchy. */
export const cgroupName = "release-channels";

export async function ensureContainerd(): Promise<void> {
  const networkDir = join(stateDir, "cni");
  mkdirSync(networkDir, { recursive: true });
  mkdirSync(join(runDir, "containerd"), { recursive: true });
  writeFileSync(
    join(networkDir, "release-channels.conflist"),
    JSON.stringify(networkConfiguration(), null, 2),
  );
  const configuration = containerdConfiguration(networkDir);
  const path = join(stateDir, "containerd.toml");
  writeFileSync(path, configuration);
  await ensureProcess({
    name: "containerd",
    command: [locate("containerd"), "--config", path],
    configuration,
  });
  await waitFor({
    what: "containerd answers",
    process: "containerd",
    seconds: 30,
    check: async () => (await ctr(["plugins", "list", "id==cri"])).includes("ok"),
  });
}

/** containerd's own client, on the images and containers that the kubelet sees. */
export async function ctr(args: string[]): Promise<string> {
  const { stdout } = await execa("ctr", ["--address", containerdSocket, "--namespace", "k8s.io", ...args]);
  return stdout;
}

export async function ensureKubelet({ programs }: Tools): Promise<void> {
  for (const hierarchy of cgroupHierarchies()) mkdirSync(join(hierarchy, cgroupName), { recursive: true });
  const configuration = stringify(kubeletConfiguration());
  const path = join(stateDir, "kubelet.yaml");
  writeFileSync(path, configuration);
  await ensureProcess({
    name: "kubelet",
    command: [
      programs.kubelet,
      ...["--config", path],
      ...["--kubeconfig", kubeconfigPath],
      ...["--hostname-override", nodeName],
      // Not loopback, so that Prometheus and the API server reach what it announces.
      ...["--node-ip", network.hostAddress],
      ...["--root-dir", join(stateDir, "kubelet")],
      ...["--cert-dir", join(stateDir, "kubelet", "pki")],
    ],
    configuration,
  });
  await waitFor({
    what: "the node is Ready",
    process: "kubelet",
    seconds: 60,
    check: async () => {
      const query = "jsonpath={.status.conditions[?(@.type=='Ready')].status}";
      return (await kubectl(["get", "node", nodeName, "--output", query])) === "True";
    },
  });
}

/** Mount points of all cgroup hierarchies: one with version 2, one per controller with version 1. */
export function cgroupHierarchies(): string[] {
  const root = "/sys/fs/cgroup";
  if (existsSync(join(root, "cgroup.controllers"))) return [root];
  return readdirSync(root)
    .map((controller) => join(root, controller))
    .filter((dir) => existsSync(join(dir, "cgroup.procs")));
}

/** Pods and host meet on the bridge; nothing is routed beyond it, so no forwarding and no iptables rules are needed. */
function networkConfiguration(): unknown {
  return {
    cniVersion: "0.4.0",
    name: networkName,
    plugins: [
      {
        type: "bridge",
        bridge: network.bridge,
        isGateway: false,
        ipMasq: false,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: network.subnet, gateway: network.hostAddress }]],
          dataDir: join(stateDir, "cni", "addresses"),
        },
      },
    ],
  };
}

function containerdConfiguration(networkDir: string): string {
  return `version = 2
root = "${join(stateDir, "containerd")}"
state = "${join(runDir, "containerd")}"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${join(stateDir, "containerd", "opt")}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/local/pause:1"
  disable_tcp_service = true
  netns_mounts_under_state_dir = true
  # Neither is given to every machine this runs on, containers among them.
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${locate("networkPlugins")}"
    conf_dir = "${networkDir}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "${locate("runc")}"
        Root = "${join(runDir, "runc")}"
        SystemdCgroup = false
`;
}

function kubeletConfiguration(): unknown {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: network.hostAddress,
    port: ports.kubelet,
    healthzPort: 0,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(pkiDir, "ca.crt") },
    },
    authorization: { mode: "Webhook" },
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    podLogsDir: join(logDir, "pods"),
    resolvConf: "",
    maxPods: 250,
    failSwapOn: false,
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroupName}`,
    enforceNodeAllocatable: [],
    makeIPTablesUtilChains: false,
    // A machine that is short of disk or memory is its user's business: evicting pods would only hide it.
    evictionHard: { "memory.available": "1Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 100,
    serializeImagePulls: false,
    featureGates: { KubeletInUserNamespace: true },
  };
}
