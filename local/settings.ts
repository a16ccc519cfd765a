import { homedir } from "node:os";
import { join } from "node:path";

const home = homedir();
const cacheHome = process.env.XDG_CACHE_HOME ?? join(home, ".cache");
const stateHome = process.env.XDG_STATE_HOME ?? join(home, ".local", "state");

/** Folder of this clone. */
export const projectDir = process.env.RELEASE_CHANNELS_PROJECT_DIR ?? process.cwd();

/** Built tools and images: kept between runs and shared by all clones of this user, keyed by content hash. */
export const cacheDir = join(cacheHome, "release-channels");

/** Everything the embedded cluster writes: data, configuration, logs, kubeconfig, Pulumi home and backend. */
export const stateDir = join(stateHome, "release-channels");

/** Logs of every process of the embedded cluster, one file each. */
export const logDir = join(stateDir, "logs");

/** Result files inside the clone: release files of the sample product, the demo's summary. */
export const resultDir = join(projectDir, ".local");

/** Where the sample's release files are written with real digests; the config key `releases` names it. */
export const releasesDir = join(resultDir, "releases");

/** The network of the one node: a bridge with the host at its first address. */
export const network = {
  bridge: "rc0",
  subnet: "10.244.0.0/24",
  hostAddress: "10.244.0.1",
};

/** Ports of the embedded cluster on loopback (PostgreSQL on the bridge address as well). */
export const ports = {
  gateway: 18080,
  gatewayMetrics: 18081,
  prometheus: 18082,
  apiServer: 18083,
  postgres: 18084,
  etcd: 18085,
  etcdPeer: 18086,
  controllerManager: 18087,
  scheduler: 18088,
  kubelet: 18089,
};

export const gatewayUrl = `http://127.0.0.1:${ports.gateway}`;
export const prometheusUrl = `http://127.0.0.1:${ports.prometheus}`;

/** The shared Gateway that the embedded cluster offers to all channels. */
export const gateway = { name: "shared", namespace: "gateway", listener: "web" };

/** How often the embedded Prometheus scrapes. */
export const scrapeIntervalSeconds = 1;

export const kubeconfigPath = join(stateDir, "kubeconfig");
export const pulumiHome = join(stateDir, "pulumi");
export const pulumiBackendDir = join(stateDir, "pulumi-backend");
/** The file of that backend which holds a stack's state. */
export const checkpointOf = (stack: string) =>
  join(pulumiBackendDir, ".pulumi", "stacks", "release-channels", `${stack}.json`);
