import { resolve } from "node:path";
import { stringify } from "yaml";
import { Project } from "../config/files";

const probes = { readiness: { path: "/readyz", port: 8080 } };
const command = ["check", "{{fixture}}"];
const local = ["sh", resolve("test/compat/fake-reader.sh"), "{{image}}", "{{program}}", "{{arguments}}"];

export const smallCases = [
  { id: "before", direction: "N-1→N", fixture: "{{baseline.writes}}.json", service: "api", command },
  { id: "own", direction: "N→N", fixture: "{{candidate.writes}}.json", service: "api", command },
  { id: "next", direction: "N→N+1", fixture: "{{candidate.next}}.json", service: "api", command },
  { id: "back", direction: "N+1→N", fixture: "{{candidate.writes}}.json", service: "api", command },
  {
    ...{ id: "broken", direction: "N→N", fixture: "broken.json", service: "api", command },
    ...{ expectReadable: false, expectedFailedChecks: ["orders.quantity"] },
  },
];

/** A project whose images are stood for by `fake-reader.sh`, run on this machine. */
export class CompatProject extends Project {
  constructor() {
    super();
    this.channel();
    this.release("1.0.0", "good");
    this.release("1.1.0", "good");
    this.matrix();
    for (const schema of [1, 2, 3]) this.fixture(String(schema), 1);
    this.fixture("broken", 0);
  }

  channel(more: object = {}): void {
    const section = {
      product: "shop",
      namespace: "shop-canary",
      compat: "compat/matrix.yaml",
      gateway: { name: "g", namespace: "g", hostnames: ["h"], url: "http://127.0.0.1:1" },
      services: { api: {} },
      ...more,
    };
    this.write("Pulumi.yaml", "name: release-channels\n");
    const config = { "release-channels:version": "1.0.0", "release-channels:channel": section };
    this.write("Pulumi.canary.yaml", stringify({ config }));
  }

  release(version: string, image: string): void {
    const schema = Number(version.split(".")[1]) + 1;
    const file = {
      ...{ version, product: "shop", data: { writes: schema, reads: [1, 2, 3] } },
      services: { api: { image: `local/${image}@sha256:${String(schema).repeat(64)}`, probes } },
    };
    this.write(`releases/${version}.yaml`, stringify(file));
  }

  matrix(more: object = {}, cases: object[] = smallCases): void {
    this.write("compat/matrix.yaml", stringify({ local, cases, ...more }));
  }

  fixture(name: string, quantity: number): void {
    this.write(`compat/${name}.json`, JSON.stringify({ orders: [{ quantity }] }));
  }
}
