import type { Bag } from "../../../local/plugins/protocol/values";

const conditions = (ready: boolean, message = ""): Bag[] =>
  ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map((type) => {
    const status = ready || type === "PodScheduled" || type === "Initialized" ? "True" : "False";
    return { type, status, ...(status === "False" && { reason: "ContainersNotReady", message }) };
  });

const container = { name: "main", image: "none", imageID: "", restartCount: 0 };

/** Statuses that a node gives to pods. */
export const podStatus = {
  ready: (): Bag => ({
    phase: "Running",
    conditions: conditions(true),
    containerStatuses: [
      { ...container, ready: true, started: true, state: { running: { startedAt: "2020-01-01T00:00:00Z" } } },
    ],
  }),
  waiting: (reason: string, message: string): Bag => ({
    phase: "Pending",
    conditions: conditions(false, "containers with unready status: [main]"),
    containerStatuses: [{ ...container, ready: false, state: { waiting: { reason, message } } }],
  }),
  ended: (exitCode: number, message = ""): Bag => ({
    phase: exitCode === 0 ? "Succeeded" : "Failed",
    conditions: conditions(false, "containers with unready status: [main]"),
    containerStatuses: [
      {
        ...container,
        ready: false,
        state: {
          terminated: {
            exitCode,
            reason: exitCode === 0 ? "Completed" : "Error",
            message,
            startedAt: "2020-01-01T00:00:00Z",
            finishedAt: "2020-01-01T00:00:01Z",
          },
        },
      },
    ],
  }),
};
