import type { ResourceValidationPolicy } from "@pulumi/policy";
import { objectPolicy } from "./object-policy";
import { type Container, containersOf, deployment, type Pod, types, workload } from "./objects";

const workloads = [types.deployment, types.job];

/** Without requests the scheduler guesses; without a memory limit one pod can take the node down. */
export const containerResources: ResourceValidationPolicy = objectPolicy({
  name: "container-resources",
  description: "Every container says what it needs: requests for CPU and memory, and a memory limit.",
  of: workloads,
  schema: workload,
  check: (object) =>
    containersOf(object).flatMap(({ name, resources: { requests, limits } }) => {
      const missing = [
        ...["cpu", "memory"].filter((resource) => !(resource in requests)).map((one) => `requests.${one}`),
        ...("memory" in limits ? [] : ["limits.memory"]),
      ];
      return missing.length === 0 ? [] : [`container ${name} has no resources.${missing.join(", ")}`];
    }),
});

/** A pod without readiness gets requests before it can answer them. */
export const probes: ResourceValidationPolicy = objectPolicy({
  name: "probes",
  description: "Every container of a Deployment has a readiness probe.",
  of: [types.deployment],
  schema: workload,
  check: ({ spec }) =>
    spec.template.spec.containers
      .filter(({ readinessProbe }) => readinessProbe === undefined)
      .map(({ name }) => `container ${name} has no readinessProbe`),
});

/** Kubernetes' Pod Security Standard `restricted`, and no credentials for the API server. */
export const securityContext: ResourceValidationPolicy = objectPolicy({
  name: "security-context",
  description: "Pods run without root, without privileges, and without credentials for the cluster.",
  of: workloads,
  schema: workload,
  check: (object) => [
    ...podViolations(object.spec.template.spec),
    ...containersOf(object).flatMap(containerViolations),
  ],
});

function podViolations(pod: Pod): string[] {
  const rules: [boolean, string][] = [
    [pod.securityContext.runAsNonRoot, "securityContext.runAsNonRoot is not true"],
    [
      confines(pod.securityContext.seccompProfile),
      "securityContext.seccompProfile is neither RuntimeDefault nor Localhost",
    ],
    [pod.securityContext.sysctls.length === 0, "it sets sysctls"],
    [!pod.automountServiceAccountToken, "automountServiceAccountToken is not false"],
    [
      pod.volumes.every(
        ({ projected }) =>
          projected?.sources.every(({ serviceAccountToken }) => serviceAccountToken === undefined) ?? true,
      ),
      "it mounts a token of its service account",
    ],
    [!pod.hostNetwork && !pod.hostPID && !pod.hostIPC, "it shares a namespace of the host"],
    [pod.volumes.every(({ hostPath }) => hostPath === undefined), "it mounts a path of the host"],
  ];
  return rules.filter(([kept]) => !kept).map(([, violation]) => violation);
}

function confines(profile: { type: string } | undefined): boolean {
  return ["RuntimeDefault", "Localhost"].includes(profile?.type ?? "");
}

function containerViolations({ name, securityContext, ports }: Container): string[] {
  const { privileged, allowPrivilegeEscalation, runAsNonRoot, capabilities } = securityContext;
  const { seccompProfile, procMount } = securityContext;
  const added = capabilities.add.filter((capability) => capability !== "NET_BIND_SERVICE");
  const rules: [boolean, string][] = [
    [!privileged, "is privileged"],
    [!allowPrivilegeEscalation, "has no securityContext.allowPrivilegeEscalation: false"],
    [runAsNonRoot !== false, "may run as root"],
    [seccompProfile === undefined || confines(seccompProfile), "takes the pod's seccomp profile away"],
    [procMount === "Default", "has all of /proc unmasked"],
    [ports.every(({ hostPort }) => hostPort === undefined), "listens at a port of the host"],
    [capabilities.drop.includes("ALL"), "does not drop all capabilities"],
    [added.length === 0, `adds the capabilities ${added.join(", ")}`],
  ];
  return rules.filter(([kept]) => !kept).map(([, violation]) => `container ${name} ${violation}`);
}

/** A pod is only taken away when another one is ready in its place. */
export const noUnavailability: ResourceValidationPolicy = objectPolicy({
  name: "no-unavailability",
  description: "Deployments replace their pods with maxUnavailable: 0.",
  of: [types.deployment],
  schema: deployment,
  check: ({ spec: { strategy } }) => {
    if (strategy.type !== "RollingUpdate") return [`its strategy is ${strategy.type}, not RollingUpdate`];
    const { maxUnavailable } = strategy.rollingUpdate;
    return Number.parseInt(String(maxUnavailable), 10) === 0
      ? []
      : [`maxUnavailable is ${maxUnavailable}, not 0`];
  },
});
