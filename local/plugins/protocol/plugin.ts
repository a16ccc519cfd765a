import type { Bag } from "./values";

/** What every request about one resource carries. `timeout` is in seconds, 0 for the plugin's default. */
export interface ResourceRequest {
  urn: string;
  /** Aborted when the engine cancels or the process is told to stop. */
  signal: AbortSignal;
}

export interface CheckRequest extends ResourceRequest {
  olds: Bag;
  news: Bag;
  randomSeed: Uint8Array;
  autonaming?: { mode: "propose" | "enforce" | "disable"; proposedName: string };
}

export interface CheckResponse {
  inputs: Bag;
  failures: { property: string; reason: string }[];
}

export interface DiffRequest extends ResourceRequest {
  id: string;
  olds: Bag;
  oldInputs: Bag;
  news: Bag;
  ignoreChanges: string[];
}

export type PropertyDiffKind =
  | "add"
  | "add-replace"
  | "delete"
  | "delete-replace"
  | "update"
  | "update-replace";

export interface PropertyDiff {
  kind: PropertyDiffKind;
  inputDiff: boolean;
}

export interface DiffResponse {
  changes: boolean;
  /** Keys of changed top-level properties, where there is no detailed diff. */
  diffs?: string[];
  replaces: string[];
  deleteBeforeReplace?: boolean;
  detailedDiff?: Record<string, PropertyDiff>;
}

export interface ConfigureRequest {
  variables: Record<string, string>;
  acceptSecrets: boolean;
}

export interface CreateRequest extends ResourceRequest {
  properties: Bag;
  timeout: number;
  preview: boolean;
}

export interface ReadRequest extends ResourceRequest {
  id: string;
  properties: Bag;
  inputs: Bag;
}

/** `undefined` as answer to a read: the resource is gone. */
export interface ReadResponse {
  id: string;
  properties: Bag;
  inputs: Bag;
}

export interface UpdateRequest extends ResourceRequest {
  id: string;
  olds: Bag;
  news: Bag;
  timeout: number;
  ignoreChanges: string[];
  preview: boolean;
}

export interface DeleteRequest extends ResourceRequest {
  id: string;
  properties: Bag;
  timeout: number;
}

/** A resource plugin behind the gRPC boilerplate of `serve`. */
export interface ResourcePlugin {
  /** Called once with the way back to the engine's log, before anything else. */
  attach(engine: EngineLog): void;
  checkConfig(request: CheckRequest): Promise<CheckResponse>;
  diffConfig(request: DiffRequest): Promise<DiffResponse>;
  configure(request: ConfigureRequest): Promise<void>;
  check(request: CheckRequest): Promise<CheckResponse>;
  diff(request: DiffRequest): Promise<DiffResponse>;
  create(request: CreateRequest): Promise<{ id: string; properties: Bag }>;
  read(request: ReadRequest): Promise<ReadResponse | undefined>;
  update(request: UpdateRequest): Promise<{ properties: Bag }>;
  delete(request: DeleteRequest): Promise<void>;
}

export type Severity = "debug" | "info" | "warning" | "error";

/** The engine's log. A status is shown while the resource is being worked on; a message stays. */
export interface EngineLog {
  message(severity: Severity, urn: string, message: string): void;
  status(severity: Severity, urn: string, message: string): void;
}

/**
 * The resource exists, but did not become what was asked for: the engine keeps `properties` as its state,
 * marks it with `reasons`, and fails the step.
 */
export class PartialFailure extends Error {
  constructor(
    message: string,
    readonly id: string,
    readonly properties: Bag,
    readonly reasons: string[],
    readonly inputs?: Bag,
  ) {
    super(message);
    this.name = "PartialFailure";
  }
}
