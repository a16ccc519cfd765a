import { type Bag, bag, list, text } from "../../protocol/values";
import { resourceVersion, StatusError } from "../client";
import { uidOf } from "../objects";
import type { Cluster } from "../session";
import { sleep } from "./sleep";

/** Objects of one kind in one namespace: the path of the collection and its selectors. */
export interface Collection {
  path: string;
  query: Record<string, string>;
}

export interface ObjectEvent {
  type: "added" | "modified" | "deleted";
  object: Bag;
}

/** Before trying again what failed or ended at once. */
const pause = 1000;

export interface Observer {
  onEvent: (event: ObjectEvent) => void;
  /** Called with all objects there are, after each list: what is not among them is gone. */
  onList?: (objects: Bag[]) => void;
  onError: (error: unknown) => void;
}

/**
 * Calls `onEvent` for every object there is and for every change after that, until `signal` aborts. A
 * stream that ends is resumed; one that has fallen behind starts over from a new list.
 */
export async function observe(
  { client }: Cluster,
  { path, query }: Collection,
  { onEvent, onList, onError }: Observer,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, Bag>();
  let version: string | undefined;

  const relist = async () => {
    const answer = await client.request({ method: "GET", path, query, signal });
    // A list says once what its items are, and leaves it out of each of them.
    const type = { apiVersion: text(answer, "apiVersion"), kind: text(answer, "kind").replace(/List$/, "") };
    const objects = list(answer, "items").map((item) => ({ ...type, ...bag(item) }));
    const present = new Set(objects.map(uidOf));
    for (const [uid, object] of [...known].filter(([uid]) => !present.has(uid))) {
      known.delete(uid);
      onEvent({ type: "deleted", object });
    }
    for (const object of objects) {
      known.set(uidOf(object), object);
      onEvent({ type: "added", object });
    }
    onList?.(objects);
    version = resourceVersion(answer);
  };

  while (!signal.aborted) {
    try {
      if (version === undefined) {
        await relist();
      }
      const watched = { ...query, resourceVersion: version ?? "", allowWatchBookmarks: "true" };
      let isQuiet = true;
      for await (const { type, object } of client.watch(path, watched, signal)) {
        isQuiet = false;
        if (type === "ERROR") {
          version = undefined;
          break;
        }
        version = resourceVersion(object);
        if (type === "BOOKMARK") {
          continue;
        }
        if (type === "DELETED") {
          known.delete(uidOf(object));
        } else {
          known.set(uidOf(object), object);
        }
        onEvent({ type: type === "ADDED" ? "added" : type === "DELETED" ? "deleted" : "modified", object });
      }
      if (isQuiet) {
        await sleep(pause, signal);
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      version = undefined;
      const isExpired = error instanceof StatusError && error.code === 410;
      if (!isExpired) {
        onError(error);
        await sleep(pause, signal).catch(() => {});
      }
    }
  }
}

/** A label selector (`matchLabels` and `matchExpressions`) as the API takes it in a query. */
export function labelSelector(selector: Bag): string {
  const labels = Object.entries(bag(selector, "matchLabels")).map(([key, value]) => `${key}=${value}`);
  const expressions = list(selector, "matchExpressions").map((entry) => {
    const { key, operator } = bag(entry);
    const values = list(entry, "values").join(",");
    switch (operator) {
      case "In":
        return `${key} in (${values})`;
      case "NotIn":
        return `${key} notin (${values})`;
      case "DoesNotExist":
        return `!${key}`;
      default:
        return String(key);
    }
  });
  return [...labels, ...expressions].join(",");
}
