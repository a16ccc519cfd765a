/**
 * Whatever routes a team's requests, with a command line: here a route of nobody's channel, changed by kubectl.
 *
 *   node router.cjs read <namespace>
 *   node router.cjs apply <namespace> <hostname> <gateway> <service> <baseline backend> <candidate backend> <weight>
 *
 * ROUTER_FAULT names the command that fails meanwhile.
 */
const { execFileSync } = require("node:child_process");

const [which, namespace, hostname, gateway, service, baseline, candidate, weight] = process.argv.slice(2);
const label = "router";
const kubectl = (args, input) =>
  execFileSync("kubectl", ["--namespace", namespace, ...args], { encoding: "utf8", input });

if (process.env.ROUTER_FAULT === which) {
  console.error(`the router does not ${which} today`);
  process.exit(1);
}
if (which === "read") {
  const { items } = JSON.parse(kubectl(["get", "httproutes", "--selector", label, "--output", "json"]));
  const services = items.map(({ metadata, spec }) => {
    const name = metadata.labels[label];
    const backends = spec.rules[0].backendRefs;
    return [name, Object.fromEntries(backends.map((one) => [one.name.slice(name.length + 1), one.weight]))];
  });
  console.log(JSON.stringify({ services: Object.fromEntries(services) }));
} else {
  const [owner, name] = gateway.split("/");
  const share = Number(weight);
  const backend = (of, its) => ({ name: of, port: 80, weight: its });
  const backendRefs =
    baseline === candidate
      ? [backend(candidate, 100)]
      : [backend(baseline, 100 - share), backend(candidate, share)];
  const route = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: `router-${service}`, labels: { [label]: service } },
    spec: {
      parentRefs: [{ namespace: owner, name }],
      hostnames: [hostname],
      rules: [{ backendRefs }],
    },
  };
  kubectl(
    ["apply", "--server-side", "--force-conflicts", "--field-manager", "router", "--filename", "-"],
    JSON.stringify(route),
  );
}
