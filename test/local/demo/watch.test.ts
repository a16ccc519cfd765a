import { channelSection } from "../../../config/schemas/channel";
import type { ChannelStatus } from "../../../local/demo/status";
import { awaited } from "../../../local/demo/watch";

const policy = (observation: object) => ({
  minimumRequests: 100,
  channel: channelSection.parse({
    product: "shop",
    namespace: "shop-canary",
    gateway: { name: "shared", namespace: "gateway", hostnames: ["h"], url: "http://127.0.0.1:1" },
    services: {},
    observation,
    rollbackWindow: "40s",
    prometheus: { url: "http://127.0.0.1:2", scrapeInterval: "1s" },
  }),
});

const status = (state: ChannelStatus["state"], weight: number): ChannelStatus => ({
  state,
  baseline: "1.0.0",
  candidate: "1.1.0",
  weight,
  transition: { id: "1", kind: "advance", at: "2026-01-01T00:00:00.000Z" },
});

const byEither = policy({ for: "30s", requests: 150 });

describe("when the demo expects the gates of the next stage to be open", () => {
  test("not before time or requests are reached, as far as Prometheus can have seen them", () => {
    expect(awaited(status("rolling", 10), byEither, { seconds: 10, requests: 100 })).toBe(
      "watching 1.1.0 at 10 %: 10 s of 30 s, 100 of 150 requests",
    );
    expect(awaited(status("rolling", 10), byEither, { seconds: 15, requests: 152 })).not.toBeNull();
  });

  test("at enough requests, or at enough time", () => {
    expect(awaited(status("rolling", 30), byEither, { seconds: 10, requests: 300 })).toBeNull();
    expect(awaited(status("rolling", 10), byEither, { seconds: 33, requests: 120 })).toBeNull();
  });

  test("not before the SLO gate has its samples", () => {
    expect(
      awaited(status("rolling", 10), policy({ for: "30s" }), { seconds: 40, requests: 80 }),
    ).not.toBeNull();
  });

  test("not before the rollback window has ended, once completed", () => {
    expect(awaited(status("completed", 100), byEither, { seconds: 20, requests: 2000 })).toContain(
      "rollback window: 20 s of 40 s",
    );
    expect(awaited(status("completed", 100), byEither, { seconds: 40, requests: 4000 })).toBeNull();
  });
});
