import type { Severity } from "../../protocol/plugin";
import type { Bag } from "../../protocol/values";
import { collectionPath } from "../discovery";
import { nameOf, namespaceOf } from "../objects";
import { type Cluster, messageOf, type Session } from "../session";
import { AwaitError } from "./failures";
import { type Collection, type Observer, observe } from "./observe";

/** An object that an operation waits for. */
export interface Target {
  session: Session;
  cluster: Cluster;
  urn: string;
  inputs: Bag;
  /** As the operation's own write returned it. */
  live: Bag;
  /** As it was before the write; undefined for a create. */
  before: Bag | undefined;
  signal: AbortSignal;
}

export interface Watch extends Omit<Observer, "onError"> {
  collection: Collection;
}

/** Something to wait for: what to watch, and what the events so far amount to. */
export interface Condition {
  watches: Watch[];
  /** Called after every event: true when satisfied. Throws an AwaitError when it never will be. */
  isSatisfied(): boolean;
  /** The object as last seen. */
  live(): Bag;
  /** What is wrong, for the error when time is up. */
  reasons(): string[];
  /** Called every ten seconds. */
  onTick?(): void;
  /** Milliseconds between checks without an event, for a condition that depends on time. */
  recheckEvery?: number;
  timedOut(): string;
  canceled?(): string;
}

export type StatusLog = (severity: Severity, message: string) => void;

/** Shows each message of an operation once. */
export function statusLog({ session, urn }: Target): StatusLog {
  const shown = new Set<string>();
  return (severity, message) => {
    if (!shown.has(severity + message)) {
      shown.add(severity + message);
      session.log.status(severity, urn, message);
    }
  };
}

const tick = 10_000;

/** Resolves with the live object once the condition holds; the engine's cancel ends it at once. */
export function waitFor(condition: Condition, target: Target, timeout: number, log: StatusLog): Promise<Bag> {
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    const finish = (settle: () => void) => {
      if (!done.signal.aborted) {
        done.abort();
        clearTimeout(timer);
        clearInterval(ticker);
        clearInterval(rechecker);
        target.signal.removeEventListener("abort", onCancel);
        settle();
      }
    };
    const fail = (message: string) =>
      finish(() => reject(new AwaitError(message, condition.live(), condition.reasons())));
    const check = () => {
      try {
        if (condition.isSatisfied()) {
          finish(() => resolve(condition.live()));
        }
      } catch (error) {
        finish(() => reject(error));
      }
    };
    const onCancel = () =>
      fail(condition.canceled?.() ?? `Resource operation was cancelled for "${nameOf(target.live)}"`);

    const timer = setTimeout(() => fail(condition.timedOut()), timeout);
    const ticker = setInterval(() => condition.onTick?.(), tick);
    const rechecker = condition.recheckEvery ? setInterval(check, condition.recheckEvery) : undefined;
    if (target.signal.aborted) {
      onCancel();
      return;
    }
    target.signal.addEventListener("abort", onCancel);
    const unlessDone = <T>(handle: (value: T) => void) => {
      return (value: T) => {
        if (!done.signal.aborted) {
          handle(value);
          check();
        }
      };
    };
    for (const { collection, onEvent, onList } of condition.watches) {
      const observer = {
        onEvent: unlessDone(onEvent),
        onList: onList && unlessDone(onList),
        onError: (error: unknown) => log("warning", `cannot watch ${collection.path}: ${messageOf(error)}`),
      };
      observe(target.cluster, collection, observer, done.signal);
    }
    check();
  });
}

/** The collection that holds just the object itself. */
export async function collectionOf({ cluster, live }: Target): Promise<Collection> {
  return {
    path: await cluster.discovery.collection(live),
    query: { fieldSelector: `metadata.name=${nameOf(live)}` },
  };
}

/** Objects of a built-in kind in the target's namespace. */
export function neighbours(
  target: Target,
  apiVersion: string,
  plural: string,
  query: Record<string, string> = {},
): Collection {
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/", 2) : ["", apiVersion];
  const gvk = { group: group ?? "", version: version ?? "", kind: "" };
  return { path: collectionPath(gvk, plural, namespaceOf(target.live)), query };
}

/** Warnings that the cluster reports about the object, shown while waiting. */
export function warningEvents(target: Target, log: StatusLog): Watch {
  const uid = target.live.metadata !== undefined ? (target.live.metadata as Bag).uid : "";
  return {
    collection: neighbours(target, "v1", "events", {
      fieldSelector: `involvedObject.uid=${uid},type=Warning`,
    }),
    onEvent: ({ type, object }) => {
      if (type !== "deleted") {
        log("warning", `${object.reason}: ${object.message}`);
      }
    },
  };
}
