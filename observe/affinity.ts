import { z } from "zod";
import type { ChannelSection } from "../config/schemas/channel";
import { ask, type Cluster } from "./kubernetes";

/**
 * What controllers do with `sessionPersistence` of an HTTPRoute's rule (GEP-1619, of the experimental channel only),
 * by the name in their GatewayClass; as of Traefik 3.6, Envoy Gateway 1.10 and NGINX Gateway Fabric 2.
 */
const known: readonly { controller: RegExp; does: string }[] = [
  { controller: /^traefik\.io\//, does: "does not implement `sessionPersistence` of an HTTPRoute" },
  {
    controller: /^gateway\.(envoyproxy\.io|nginx\.org)\//,
    does: "implements it as an experimental field, which this program does not write",
  },
];

/**
 * Why the channel cannot have session affinity, in the words for its user. There is no controller with which it can:
 * GEP-1619 wants a persistent session kept at its release "even if the weight is set to 0", and then neither can a
 * share be confirmed nor does a rollback take every request back.
 */
export function affinityProblem(controller: string | null): string {
  const does =
    known.find((one) => one.controller.test(controller ?? ""))?.does ??
    "is not known to implement `sessionPersistence` of an HTTPRoute";
  return (
    `session affinity cannot be had here (key channel.gateway.affinity, found cookie): the controller ` +
    `${controller ?? "of the gateway, which has no GatewayClass,"} ${does}; and a persistent session would stay at ` +
    "the candidate after a rollback. Remove the key; to keep people at one release, let the application set a cookie " +
    "and name it as a cohort (channel.cohorts)"
  );
}

const gatewayClass = z.object({ spec: z.object({ controllerName: z.string() }) });

/** Null where no affinity is asked for. */
export async function observeAffinity(
  cluster: Cluster,
  { gateway }: ChannelSection,
  className: string,
): Promise<string | null> {
  if (gateway.affinity === undefined) return null;
  const found = await ask(cluster, `GatewayClass ${className}`, (options) =>
    cluster.custom.getClusterCustomObject(
      { group: "gateway.networking.k8s.io", version: "v1", plural: "gatewayclasses", name: className },
      options,
    ),
  );
  return affinityProblem(found === null ? null : gatewayClass.parse(found).spec.controllerName);
}
