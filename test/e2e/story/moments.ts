import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";

const step = z.object({ metadata: z.object({ op: z.string(), urn: z.string(), type: z.string() }) });
const event = z.object({ resourcePreEvent: step.optional(), resOutputsEvent: step.optional() });
export type EngineEvent = z.infer<typeof event>;

/** A point in an update, told by the engine's events so far and the weights of the live route. */
export type Moment = (events: EngineEvent[], weights: Record<string, number>) => boolean;

/** The engine's events so far: one line of JSON each, of which the last may be incomplete. */
export function readEvents(path: string): EngineEvent[] {
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  return lines.map((line) => event.parse(JSON.parse(line)));
}

const changes = ["create", "update", "replace", "create-replacement"];

/** The engine has begun to create or change a resource of this type, and of this name where one is given. */
export function begins(type: string, name = ""): Moment {
  return (events) => events.some(({ resourcePreEvent }) => concerns(resourcePreEvent, type, name));
}

/** The resource's step is done. */
export function isDone(type: string, name = ""): Moment {
  return (events) => events.some(({ resOutputsEvent }) => concerns(resOutputsEvent, type, name));
}

/** So many resources were created, changed or deleted. */
export function haveChanged(count: number): Moment {
  return (events) => changedIn(events).length >= count;
}

/** Type and name of every resource that was created, changed or deleted so far, in that order. */
export function changedIn(events: readonly EngineEvent[]): string[] {
  return events.flatMap(({ resOutputsEvent }) => {
    if (resOutputsEvent === undefined) return [];
    const { op, type, urn } = resOutputsEvent.metadata;
    return [...changes, "delete"].includes(op) ? [`${type} ${urn.split("::").at(-1)}`] : [];
  });
}

/** The route gives a release this share. */
export function routeShows(version: string, weight: number): Moment {
  const release = `-${version.replaceAll(".", "-")}-`;
  return (_, weights) =>
    Object.entries(weights).some(([backend, share]) => backend.includes(release) && share === weight);
}

function concerns(seen: z.infer<typeof step> | undefined, type: string, name: string): boolean {
  return (
    seen !== undefined &&
    seen.metadata.type === type &&
    seen.metadata.urn.includes(name) &&
    changes.includes(seen.metadata.op)
  );
}
