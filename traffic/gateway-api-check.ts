import { z } from "zod";
import { activeCohorts, routeMatch, takesAll, textOf } from "../rollout/cohorts";
import { labelKeys } from "../rollout/labels";
import type { Position } from "../rollout/record";
import { objectName } from "../rollout/release";
import { hostnamesFor, type RouteShares, routesAt } from "../rollout/routes";
import type { TrafficTarget, WrittenWeights } from "./adapter";
import { fromGrpc } from "./grpc-route";

/** Nothing but what the data plane's confirmation sees: no session persistence, no retries, no time-outs. */
const rule = z.strictObject({
  matches: z.array(routeMatch).default([]),
  filters: z.array(z.unknown()).default([]),
  backendRefs: z
    .array(
      z.strictObject({
        group: z.string().default(""),
        kind: z.string().default("Service"),
        name: z.string(),
        namespace: z.string().optional(),
        port: z.number().optional(),
        weight: z.number().default(1),
        filters: z.array(z.unknown()).default([]),
      }),
    )
    .default([]),
});
type Rule = z.infer<typeof rule>;

/** Of every Service of a release. */
const servicePort = 80;

/** As it is registered, and as the engine may fill it in. */
const writtenRoute = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({
    parentRefs: z
      .array(
        z.object({
          group: z.string().default("gateway.networking.k8s.io"),
          kind: z.string().default("Gateway"),
          name: z.string(),
          namespace: z.string().optional(),
          sectionName: z.string().optional(),
          port: z.number().optional(),
        }),
      )
      .default([]),
    hostnames: z.array(z.string()).default([]),
    rules: z.array(rule).default([]),
  }),
});

/** A route gives each release what the target says, and sends nothing anywhere else. */
function check(
  protocol: RouteShares["protocol"],
  { metadata: { labels }, spec: { parentRefs, hostnames, rules: written } }: z.infer<typeof writtenRoute>,
  target: TrafficTarget | null,
): string[] {
  const rules = protocol === "grpc" ? written.map(fromGrpc) : written;
  const [weighted, ...others] = rules.filter(takesAll);
  if (weighted === undefined || others.length > 0) {
    return [
      `it has ${others.length + (weighted === undefined ? 0 : 1)} rules for all requests instead of one`,
    ];
  }
  const backends = weighted.backendRefs;
  const sum = backends.reduce((total, { weight }) => total + weight, 0);
  const rulesKept: [boolean, string][] = [
    [sum === 100, `its weights sum to ${sum} instead of 100`],
    [
      backends.every(({ weight }) => Number.isInteger(weight) && weight >= 0),
      "a weight is no whole number from 0",
    ],
    [
      rules.flatMap((one) => [...one.filters, ...one.backendRefs.flatMap(({ filters }) => filters)])
        .length === 0,
      "it has filters, which the data plane's confirmation does not see",
    ],
  ];
  if (target !== null) {
    const { namespace, gateway } = target.channel;
    const wanted = routesAt(target.to).find(({ service }) => service === labels[labelKeys.name]);
    const cohortRules = rules.filter((one) => one !== weighted);
    const [live, judged] = [sharesOf(backends), expectedShares(wanted)];
    const names = hostnamesFor(protocol, gateway);
    const path = expectedPath(wanted);
    rulesKept.push(
      [
        wanted === undefined || wanted.protocol === protocol,
        `it is for ${protocol}, and ${wanted?.service} speaks ${wanted?.protocol}`,
      ],
      [
        rules.flatMap(({ backendRefs }) => backendRefs).every((one) => isServiceOf(namespace, one)),
        `it leads to something else than port ${servicePort} of Services in ${namespace}`,
      ],
      [
        parentRefs.length === 1 && parentRefs.every((one) => isGateway(gateway, one)),
        `it takes traffic from elsewhere than Gateway ${gateway.namespace}/${gateway.name}`,
      ],
      [
        textOf(weighted.matches) === textOf([{ path: { type: "PathPrefix", value: path } }]),
        `its rule for all requests does not match the path ${path} of the release that was judged`,
      ],
      [live === judged, `its weights are ${live}; the position that was judged has ${judged}`],
      [
        cohortsOf(cohortRules) === expectedCohorts(wanted),
        `its rules beside the weights are not those of the cohorts of the position that was judged: ${namesOf(target.to)}`,
      ],
      [
        hostnames.join() === names.join(),
        `its host names are ${hostnames.join(", ")}, not ${names.join(", ")}`,
      ],
    );
  }
  return rulesKept.filter(([kept]) => !kept).map(([, violation]) => violation);
}

function isServiceOf(
  channelNamespace: string,
  { group, kind, namespace = channelNamespace, port }: Rule["backendRefs"][number],
): boolean {
  return group === "" && kind === "Service" && namespace === channelNamespace && port === servicePort;
}

/** The channel's own, at its listener. */
function isGateway(
  { name, namespace, listener }: TrafficTarget["channel"]["gateway"],
  parent: z.infer<typeof writtenRoute>["spec"]["parentRefs"][number],
): boolean {
  return (
    parent.group === "gateway.networking.k8s.io" &&
    parent.kind === "Gateway" &&
    parent.name === name &&
    parent.namespace === namespace &&
    parent.sectionName === listener &&
    parent.port === undefined
  );
}

/** That of the last release: the one path takes the requests of both. */
function expectedPath(wanted: RouteShares | undefined): string {
  const { service = "", weights = [] } = wanted ?? {};
  return weights.at(-1)?.release.services[service]?.http?.path ?? "/";
}

function sharesOf(backends: readonly { name: string; weight: number }[]): string {
  const texts = backends.map(({ name, weight }) => `${name} ${weight}`);
  return texts.sort().join(", ") || "none";
}

function expectedShares(wanted: RouteShares | undefined): string {
  const { service = "", weights = [] } = wanted ?? {};
  return sharesOf(weights.map(({ release, weight }) => ({ name: objectName(service, release), weight })));
}

/** Of each rule what it matches and where it leads; the order says nothing. */
function cohortsOf(rules: readonly Rule[]): string {
  const texts = rules.map(({ matches, backendRefs }) => `${textOf(matches)} → ${sharesOf(backendRefs)}`);
  return texts.sort().join("\n");
}

function expectedCohorts(wanted: RouteShares | undefined): string {
  const candidate = wanted?.weights.at(-1)?.release;
  if (wanted === undefined || candidate === undefined) return "";
  const name = objectName(wanted.service, candidate);
  const texts = wanted.cohorts.map((matches) => `${textOf(matches)} → ${sharesOf([{ name, weight: 100 }])}`);
  return texts.sort().join("\n");
}

function namesOf(to: Position): string {
  const names = activeCohorts(to).map(({ name }) => name);
  return names.join(", ") || "none";
}

/** The policy pack's look at the routes of one protocol. */
export function writtenRoutes(
  type: string,
  protocol: RouteShares["protocol"],
): WrittenWeights<typeof writtenRoute> {
  return { type, schema: writtenRoute, check: (route, target) => check(protocol, route, target) };
}
