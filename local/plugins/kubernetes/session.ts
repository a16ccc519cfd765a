import type { EngineLog } from "../protocol/plugin";
import { type Bag, text } from "../protocol/values";
import { annotation, patchFieldManager } from "./annotations";
import type { ApiClient } from "./client";
import { type Discovery, NoMatchError } from "./discovery";
import type { Mutability } from "./forceNew";
import { uniqueName } from "./names";
import { gvkOf } from "./objects";

export interface Cluster {
  client: ApiClient;
  discovery: Discovery;
}

export interface Settings {
  defaultNamespace: string;
  deleteUnreachable: boolean;
  skipUpdateUnreachable: boolean;
  enablePatchForce: boolean;
  upsertExistingObjects: boolean;
  mutable: Mutability;
}

/** A configured provider: one per Provider resource and update. */
export interface Session {
  log: EngineLog;
  settings: Settings;
  /** Absent if the cluster can't be reached. */
  cluster: Cluster | undefined;
  unreachableReason: string;
}

export function reachable(session: Session): Cluster {
  if (session.cluster === undefined) {
    throw new Error(`configured Kubernetes cluster is unreachable: ${session.unreachableReason}`);
  }
  return session.cluster;
}

/** Whether the API server serves the object's kind; false if it can't be asked. */
export async function isServed(session: Session, object: Bag): Promise<boolean> {
  if (session.cluster === undefined) {
    return false;
  }
  try {
    await session.cluster.discovery.resource(gvkOf(object));
    return true;
  } catch (error) {
    if (error instanceof NoMatchError) {
      return false;
    }
    throw error;
  }
}

/** Who owns the fields of a server-side apply: the annotation, else as before, else a new name. */
export function fieldManagerOf(state: Bag, inputs: Bag): string {
  return (
    annotation(inputs, patchFieldManager) || text(state, "__fieldManager") || uniqueName("pulumi-kubernetes-")
  );
}

export async function objectPath(cluster: Cluster, object: Bag, name: string): Promise<string> {
  return `${await cluster.discovery.collection(object)}/${encodeURIComponent(name)}`;
}

/** The live object of the same kind and namespace. */
export async function getLive(
  cluster: Cluster,
  object: Bag,
  name: string,
  signal?: AbortSignal,
): Promise<Bag> {
  return cluster.client.request({ method: "GET", path: await objectPath(cluster, object, name), signal });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
