/** One Go module under `local/tools/<name>/` and the programs that `go build tool` makes of it. */
export interface ToolModule {
  name: string;
  programs: readonly string[];
  linkerFlags: string;
  /** How long a first build took on two cores, downloads included. */
  coldBuildSeconds: number;
}

/** The engine's version: the program's own `requiredPulumiVersion` and npm package go with it. */
const pulumiVersion = "v3.220.0";
const strip = "-s -w";

/** Without them the API server calls itself v0.0.0-master, which clients read as very old. */
const kubernetesVersion = Object.entries({
  gitVersion: "v1.34.4",
  gitMajor: "1",
  gitMinor: "34",
  gitTreeState: "archive",
})
  .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
  .join(" ");

export const toolModules = [
  {
    name: "pulumi",
    programs: ["pulumi"],
    linkerFlags: `${strip} -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${pulumiVersion}`,
    coldBuildSeconds: 120,
  },
  { name: "language-nodejs", programs: ["pulumi-language-nodejs"], linkerFlags: strip, coldBuildSeconds: 15 },
  {
    name: "kubernetes",
    programs: ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet"],
    linkerFlags: `${strip} ${kubernetesVersion}`,
    coldBuildSeconds: 260,
  },
  { name: "kwok", programs: ["kwok", "kwokctl"], linkerFlags: strip, coldBuildSeconds: 85 },
  { name: "traefik", programs: ["traefik"], linkerFlags: strip, coldBuildSeconds: 280 },
] as const satisfies readonly ToolModule[];

/** Every program built from `local/tools/`. */
export type Program = (typeof toolModules)[number]["programs"][number];
