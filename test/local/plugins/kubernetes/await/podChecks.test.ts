import { podWarnings } from "../../../../../local/plugins/kubernetes/await/podChecks";
import type { Bag } from "../../../../../local/plugins/protocol/values";
import { podStatus } from "../../podStatus";

const pod = (status: Bag): Bag => ({ kind: "Pod", metadata: { name: "app-1", namespace: "shop" }, status });

test("a ready pod, and one that succeeded, are fine", () => {
  expect(podWarnings(pod(podStatus.ready()))).toEqual([]);
  expect(podWarnings(pod(podStatus.ended(0)))).toEqual([]);
});

test("a container that waits says why", () => {
  expect(podWarnings(pod(podStatus.waiting("ErrImageNeverPull", "not present")))).toEqual([
    "[Pod shop/app-1]: containers with unready status: [main][ErrImageNeverPull] not present",
  ]);
});

test("a container that failed says what it printed last, else its exit code", () => {
  expect(podWarnings(pod(podStatus.ended(1, "no such column")))[0]).toContain("[Error] no such column");
  expect(podWarnings(pod(podStatus.ended(3)))[0]).toContain('container "main" completed with exit code 3');
});

test("a container that was restarted says how it ended before", () => {
  const status = podStatus.waiting("CrashLoopBackOff", "back-off");
  const terminated = {
    exitCode: 2,
    reason: "Error",
    finishedAt: "2020-01-01T00:00:01Z",
    message: "no database",
  };
  const [container] = status.containerStatuses as Bag[];
  container!.lastState = { terminated };
  expect(podWarnings(pod(status))[0]).toContain(
    '[CrashLoopBackOff] back-off\ncontainer "main" terminated at 2020-01-01T00:00:01Z (Error: exit code 2)\nno database',
  );
});
