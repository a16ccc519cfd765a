import type { Bag } from "../../protocol/values";
import { annotation, isTrue, skipAwait, timeoutOf, waitFor as waitForAnnotation } from "../annotations";
import { customCondition } from "./custom";
import { deploymentCondition, readDeployment } from "./deployment";
import { jobCondition, readJob } from "./job";
import { readService, serviceCondition } from "./service";
import { type Condition, type StatusLog, statusLog, type Target, waitFor, warningEvents } from "./target";

interface BuiltIn {
  condition: (target: Target, log: StatusLog) => Promise<Condition>;
  read: (target: Target, log: StatusLog) => Promise<void>;
}

/** Kinds that are more than created when they are ready. */
const builtIn: Record<string, BuiltIn> = {
  "apps/v1/Deployment": { condition: deploymentCondition, read: readDeployment },
  "batch/v1/Job": { condition: jobCondition, read: readJob },
  "v1/Service": { condition: serviceCondition, read: readService },
};

const specOf = (object: Bag) => builtIn[`${object.apiVersion}/${object.kind}`];

/** Waits until what was written is ready: as its annotations say, else as its kind says. */
export async function awaitReady(target: Target, customTimeoutSeconds: number): Promise<Bag> {
  const { inputs, live } = target;
  const log = statusLog(target);
  if (isTrue(inputs, skipAwait)) {
    log("info", "Skipping await logic");
    return live;
  }
  const make = annotation(live, waitForAnnotation) === "" ? specOf(live)?.condition : customCondition;
  if (make === undefined) {
    return live;
  }
  const condition = await make(target, log);
  condition.watches.push(warningEvents(target, log));
  return waitFor(condition, target, timeoutOf(customTimeoutSeconds, inputs), log);
}

/** Throws an AwaitError if the object is not ready now. */
export async function readStatus(target: Target): Promise<void> {
  await specOf(target.live)?.read(target, statusLog(target));
}
