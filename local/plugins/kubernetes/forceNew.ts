import { at, type Bag, isBag, type Value } from "../protocol/values";
import { gvkOf, isKind } from "./objects";

/** Provider settings that allow data to change in place. */
export interface Mutability {
  configMaps: boolean;
  secrets: boolean;
}

const labelSelector = (prefix: string) => [
  prefix,
  `${prefix}.matchExpressions`,
  `${prefix}.matchExpressions.key`,
  `${prefix}.matchExpressions.operator`,
  `${prefix}.matchExpressions.values`,
  `${prefix}.matchLabels`,
];

const podContainer = (prefix: string) =>
  [
    "args command env env.value image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources",
    "securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices",
    "volumeMounts workingDir",
  ].flatMap((line) => line.split(" ").map((field) => `${prefix}.${field}`));

const spec = (...fields: string[]) =>
  fields.flatMap((line) => line.split(" ")).map((field) => `.spec.${field}`);

const workload = labelSelector(".spec.selector");
const job = [...spec("completions parallelism template"), ...labelSelector(".spec.selector")];
const roleBinding = [".roleRef"];

/** Fields, by group/version/kind, whose change needs a new object. */
const forceNew: Record<string, string[]> = {
  "apps/v1/DaemonSet": workload,
  "apps/v1/Deployment": workload,
  "apps/v1/StatefulSet": [
    ...spec("podManagementPolicy revisionHistoryLimit serviceName volumeClaimTemplates"),
    ...workload,
  ],
  "batch/v1/Job": job,
  "policy/v1beta1/PodDisruptionBudget": [".spec"],
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding": roleBinding,
  "rbac.authorization.k8s.io/v1/RoleBinding": roleBinding,
  "storage.k8s.io/v1/StorageClass": [".parameters", ".provisioner"],
  "v1/PersistentVolume": spec(
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs",
    "hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume",
  ),
  "v1/PersistentVolumeClaim": [
    ...spec("accessModes storageClassName volumeName"),
    ...labelSelector(".spec.selector"),
  ],
  "v1/Pod": [
    ...spec(
      "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork",
      "hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName",
      "readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount",
      "serviceAccountName shareProcessNamespace subdomain terminationGracePeriodSeconds volumes",
    ),
    ...podContainer(".spec.containers[*]"),
    ...podContainer(".spec.initContainers[*]"),
  ],
  "v1/ResourceQuota": [".spec.scopes"],
  "v1/Secret": [".type"],
  "v1/Service": [".spec.clusterIP"],
};

/** Paths such as `.spec.selector` whose change replaces this object. */
export function forceNewFields(object: Bag, mutable: Mutability): string[] {
  const { group, version, kind } = gvkOf(object);
  const identity = [".metadata.name", ".metadata.namespace"];
  const isImmutable = at(object, "immutable") === true;
  if (isKind(object, "v1", "Secret") && (!mutable.secrets || isImmutable)) {
    return [...identity, ".type", ".stringData", ".data"];
  }
  if (isKind(object, "v1", "ConfigMap") && (!mutable.configMaps || isImmutable)) {
    return [...identity, ".binaryData", ".data"];
  }
  return [...identity, ...(forceNew[[group, version, kind].filter((part) => part !== "").join("/")] ?? [])];
}

/** True if a change of `value` at `path` touches one of the fields. */
export function touches(path: (string | number)[], value: Value, fields: string[]): boolean {
  const changed = path.reduceRight<Value>(
    (inner, step) => (typeof step === "number" ? [inner] : { [step]: inner }),
    value,
  );
  return fields.some((field) => has(changed, field.slice(1).split(".")));
}

function has(value: Value | undefined, path: string[]): boolean {
  const [step, ...rest] = path;
  if (step === undefined) {
    return true;
  }
  const key = step.replace("[*]", "");
  if (!isBag(value) || !Object.hasOwn(value, key)) {
    return false;
  }
  const inner = value[key];
  if (!step.endsWith("[*]")) {
    return has(inner, rest);
  }
  return Array.isArray(inner) && inner.some((element) => has(element, rest));
}
