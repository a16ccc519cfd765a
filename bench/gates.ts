import { quantileSorted } from "simple-statistics";
import { sloPolicy } from "../config/schemas/slo";
import { judge } from "../policies/gates";
import { counted, seen, transition } from "../test/gates/transitions";

/** How long all gates together need for one transition of a channel with many services, without any I/O. */
const serviceCount = 50;
const runs = 500;

const names = Array.from({ length: serviceCount }, (_, index) => `service-${index + 1}`);
const perService = <Value>(value: Value) => Object.fromEntries(names.map((name) => [name, value]));

const counts = (requests: number) => counted(requests, Math.round(requests / 200), { "0.3": requests - 20 });
const base = transition();
const withServices = (release: typeof base.to.baseline) => ({
  ...release,
  services: perService(Object.values(release.services)[0]),
});
const both = <Sides extends { baseline: typeof base.to.baseline; candidate: typeof base.to.candidate }>(
  sides: Sides,
): Sides => ({
  ...sides,
  baseline: withServices(sides.baseline),
  candidate: sides.candidate === null ? null : withServices(sides.candidate),
});
const input = transition({
  to: both(base.to),
  record: base.record === null ? null : both(base.record),
  slo: sloPolicy.parse({
    services: perService({
      errorRate: { target: 0.01 },
      latency: [
        { withinSeconds: 0.3, share: 0.95 },
        { withinSeconds: 0.3, share: 0.9 },
      ],
    }),
  }),
  snapshot: { services: perService(seen(counts(20_000), counts(180_000))) },
});

const milliseconds = Array.from({ length: runs }, () => {
  const begin = performance.now();
  judge(input);
  return performance.now() - begin;
}).sort((left, right) => left - right);

const at = (quantile: number) => `${quantileSorted(milliseconds, quantile).toFixed(2)} ms`;
console.log(
  `all gates, ${serviceCount} services, ${runs} runs: median ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`,
);
for (const { gate, status, reason } of judge(input))
  console.log(`  ${gate.padEnd(15)}${status.padEnd(9)}${reason}`);
