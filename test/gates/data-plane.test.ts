import { dataPlane } from "../../policies/gates/data-plane";
import { rolledBack, rolling } from "../rollout/releases";
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
