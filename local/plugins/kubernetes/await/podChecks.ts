import { at, type Bag, bag, list, text, type Value } from "../../protocol/values";
import { condition, nameOf, namespaceOf } from "../objects";

/** `namespace/name`, without the namespace where it is the default one. */
export function qualifiedName(object: Bag): string {
  const namespace = namespaceOf(object);
  return namespace === "" || namespace === "default" ? nameOf(object) : `${namespace}/${nameOf(object)}`;
}

/** What keeps a pod from being ready: the first of scheduling, initialization, readiness that is not done. */
export function podWarnings(pod: Bag): string[] {
  if (text(condition(pod, "PodScheduled"), "status") !== "True") {
    return [];
  }
  const initialized = condition(pod, "Initialized");
  if (text(initialized, "status") !== "True") {
    return describe(pod, initialized);
  }
  const ready = condition(pod, "Ready");
  const isDone = text(ready, "status") === "True" || text(pod, "status", "phase") === "Succeeded";
  return isDone ? [] : describe(pod, ready);
}

function describe(pod: Bag, unmet: Bag | undefined): string[] {
  if (unmet === undefined) {
    return [];
  }
  const containers = list(pod, "status", "containerStatuses").flatMap(containerErrors).join("\n");
  const message = text(unmet, "message");
  if (containers === "" && message === "") {
    return [];
  }
  return [`[Pod ${qualifiedName(pod)}]: ${text(unmet, "reason") === "" ? "" : message}${containers}`];
}

function containerErrors(status: Value): string[] {
  if (at(status, "ready") === true) {
    return [];
  }
  const waiting = at(status, "state", "waiting");
  const terminated = at(status, "state", "terminated");
  const previous = at(status, "lastState", "terminated");
  const errors: string[] = [];
  if (waiting !== undefined && text(waiting, "reason") !== "ContainerCreating") {
    errors.push(`[${text(waiting, "reason")}] ${trimPullMessage(text(waiting, "message"))}`);
  }
  if (text(terminated, "reason") !== "") {
    const message = text(terminated, "message");
    errors.push(
      message === ""
        ? `container "${text(status, "name")}" completed with exit code ${bag(terminated).exitCode}`
        : `[${text(terminated, "reason")}] ${trimPullMessage(message)}`,
    );
  }
  if (previous !== undefined) {
    const { finishedAt, reason, exitCode } = bag(previous);
    errors.push(
      `container "${text(status, "name")}" terminated at ${finishedAt} (${reason}: exit code ${exitCode})`,
    );
    if (text(previous, "message") !== "") {
      errors.push(text(previous, "message"));
    }
  }
  return errors;
}

function trimPullMessage(message: string): string {
  return message
    .replace(/^rpc error: code = Unknown desc = Error response from daemon: /, "")
    .replace(/: manifest unknown$/, "");
}
