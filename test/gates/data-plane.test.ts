import { dataPlane } from "../../policies/gates/data-plane";
import { rolledBack, rolling, steady } from "../rollout/releases";
import { transition } from "./transitions";

test.each([
  ["rollback", rolledBack()],
  ["correct", rolling(5)],
] as const)("a %s waits for no gateway and no route", (kind, to) => {
  const snapshot = {
    gateway: { problem: "it is gone" },
    live: { ...transition().snapshot.live, routes: {} },
  };
  expect(dataPlane(transition({ kind, to, snapshot })).status).toBe("skipped");
});

test.each([
  ["install", null],
  ["start", undefined],
] as const)("a %s holds while nobody can say what the live weights are", (kind, record) => {
  const input = transition(record === null ? { kind, to: steady(), record } : { kind });
  const live = { ...input.snapshot.live, routes: {}, unread: "the command is away" };
  expect(dataPlane({ ...input, snapshot: { ...input.snapshot, live } })).toMatchObject({
    status: "hold",
    reason: expect.stringContaining("the command is away"),
  });
});
