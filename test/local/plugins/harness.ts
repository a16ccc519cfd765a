import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { type Bag, secretSignature, signatureKey, type Value } from "../../../local/plugins/protocol/values";

const kinds = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"];

export interface Diff {
  changes: boolean;
  replaces: string[];
  deleteBeforeReplace: boolean;
  detailed: Record<string, string>;
}

/** What a step that left something behind says about it. */
export interface Partial {
  id: string;
  properties: Bag;
  reasons: string[];
  inputs: Bag;
}

export class StepError extends Error {
  constructor(
    message: string,
    readonly partial: Partial | undefined,
  ) {
    super(message);
  }
}

const plain = (struct?: Struct) => (struct?.toJavaScript() ?? {}) as Bag;

function stepError(error: grpc.ServiceError): StepError {
  const [encoded] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const details = encoded === undefined ? [] : Status.deserializeBinary(encoded as Buffer).getDetailsList();
  const failed = details.find((detail) => detail.getTypeName() === "pulumirpc.ErrorResourceInitFailed");
  if (failed === undefined) {
    return new StepError(error.details, undefined);
  }
  const partial = proto.ErrorResourceInitFailed.deserializeBinary(failed.getValue_asU8());
  return new StepError(error.details, {
    id: partial.getId(),
    properties: plain(partial.getProperties()),
    reasons: partial.getReasonsList(),
    inputs: plain(partial.getInputs()),
  });
}

/** A running resource plugin, spoken to as the engine does, and what it says to the engine's log. */
export class Plugin {
  readonly log: { severity: number; urn: string; message: string; ephemeral: boolean }[] = [];
  private engine: grpc.Server | undefined;
  private client: ResourceProviderClient | undefined;
  process: ChildProcess | undefined;

  static async start(executable: string): Promise<Plugin> {
    const plugin = new Plugin();
    const engine = await plugin.listen();
    plugin.process = spawn(executable, [engine], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: plugin.process.stdout! });
    const port = await new Promise<string>((resolve, reject) => {
      lines.once("line", resolve);
      plugin.process?.once("exit", (code) => reject(new Error(`${executable} ended with ${code}`)));
    });
    plugin.client = new ResourceProviderClient(`127.0.0.1:${port.trim()}`, grpc.credentials.createInsecure());
    return plugin;
  }

  private listen(): Promise<string> {
    const server = new grpc.Server();
    server.addService(EngineService, {
      log: (call: grpc.ServerUnaryCall<LogRequest, Empty>, callback: grpc.sendUnaryData<Empty>) => {
        this.log.push({
          severity: call.request.getSeverity(),
          urn: call.request.getUrn(),
          message: call.request.getMessage(),
          ephemeral: call.request.getEphemeral(),
        });
        callback(null, new Empty());
      },
    });
    this.engine = server;
    return new Promise((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(`127.0.0.1:${port}`) : reject(error),
      ),
    );
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process?.once("exit", resolve));
    this.client?.close();
    this.process?.kill("SIGKILL");
    this.engine?.forceShutdown();
    await ended;
  }

  /** What was shown for a resource, in order. */
  messages(urn?: string): string[] {
    return this.log.filter((entry) => urn === undefined || entry.urn === urn).map((entry) => entry.message);
  }

  private call<Request, Response>(method: string, request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      const client = this.client as unknown as Record<
        string,
        (request: Request, callback: (error: grpc.ServiceError | null, response: Response) => void) => void
      >;
      client[method]!.call(this.client, request, (error, response) =>
        error === null ? resolve(response) : reject(stepError(error)),
      );
    });
  }

  async configure(config: Record<string, string>, name: string): Promise<void> {
    const request = new proto.ConfigureRequest();
    for (const [key, value] of Object.entries(config)) {
      request.getVariablesMap().set(`${name}:config:${key}`, value);
    }
    request.setArgs(Struct.fromJavaScript(config));
    request.setAcceptsecrets(true);
    request.setAcceptresources(true);
    request.setSendsOldInputs(true);
    request.setSendsOldInputsToDelete(true);
    await this.call("configure", request);
  }

  async diffConfig(olds: Bag, news: Bag): Promise<Diff> {
    const request = new proto.DiffRequest();
    request.setUrn("urn:pulumi:test::conformance::pulumi:providers:kubernetes::provider");
    request.setOlds(Struct.fromJavaScript(olds));
    request.setOldInputs(Struct.fromJavaScript(olds));
    request.setNews(Struct.fromJavaScript(news));
    return toDiff(await this.call("diffConfig", request));
  }

  async check(
    urn: string,
    news: Bag,
    olds: Bag = {},
    autonaming?: { mode: 0 | 1 | 2; proposedName: string },
  ): Promise<{ inputs: Bag; failures: string[] }> {
    const request = new proto.CheckRequest();
    request.setUrn(urn);
    request.setOlds(Struct.fromJavaScript(olds));
    request.setNews(Struct.fromJavaScript(news));
    request.setRandomseed(Buffer.from(`seed of ${urn}`));
    if (autonaming !== undefined) {
      const options = new proto.CheckRequest.AutonamingOptions();
      options.setMode(autonaming.mode);
      options.setProposedName(autonaming.proposedName);
      request.setAutonaming(options);
    }
    const response: proto.CheckResponse = await this.call("check", request);
    return {
      inputs: plain(response.getInputs()),
      failures: response.getFailuresList().map((failure) => failure.getReason()),
    };
  }

  async diff(
    urn: string,
    id: string,
    olds: Bag,
    news: Bag,
    ignoreChanges: string[] = [],
    oldInputs?: Bag,
  ): Promise<Diff> {
    const request = new proto.DiffRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setOlds(Struct.fromJavaScript(olds));
    request.setOldInputs(Struct.fromJavaScript(oldInputs ?? (olds.__inputs as Bag) ?? {}));
    request.setNews(Struct.fromJavaScript(news));
    request.setIgnorechangesList(ignoreChanges);
    return toDiff(await this.call("diff", request));
  }

  async create(
    urn: string,
    properties: Bag,
    { preview = false, timeout = 0 } = {},
  ): Promise<{ id: string; properties: Bag }> {
    const request = new proto.CreateRequest();
    request.setUrn(urn);
    request.setProperties(Struct.fromJavaScript(properties));
    request.setPreview(preview);
    request.setTimeout(timeout);
    const response: proto.CreateResponse = await this.call("create", request);
    return { id: response.getId(), properties: plain(response.getProperties()) };
  }

  async update(
    urn: string,
    id: string,
    olds: Bag,
    news: Bag,
    { preview = false, timeout = 0, ignoreChanges = [] as string[] } = {},
  ): Promise<Bag> {
    const request = new proto.UpdateRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setOlds(Struct.fromJavaScript(olds));
    request.setOldInputs(Struct.fromJavaScript((olds.__inputs as Bag) ?? {}));
    request.setNews(Struct.fromJavaScript(news));
    request.setPreview(preview);
    request.setTimeout(timeout);
    request.setIgnorechangesList(ignoreChanges);
    const response: proto.UpdateResponse = await this.call("update", request);
    return plain(response.getProperties());
  }

  async read(urn: string, id: string, properties: Bag = {}, inputs: Bag = {}) {
    const request = new proto.ReadRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setProperties(Struct.fromJavaScript(properties));
    request.setInputs(Struct.fromJavaScript(inputs));
    const response: proto.ReadResponse = await this.call("read", request);
    return {
      id: response.getId(),
      properties: plain(response.getProperties()),
      inputs: plain(response.getInputs()),
    };
  }

  async delete(urn: string, id: string, properties: Bag, timeout = 0): Promise<void> {
    const request = new proto.DeleteRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setProperties(Struct.fromJavaScript(properties));
    request.setOldInputs(Struct.fromJavaScript((properties.__inputs as Bag) ?? {}));
    request.setTimeout(timeout);
    await this.call("delete", request);
  }

  async cancel(): Promise<void> {
    await this.call("cancel", new Empty());
  }
}

function toDiff(response: proto.DiffResponse): Diff {
  return {
    changes: response.getChanges() === proto.DiffResponse.DiffChanges.DIFF_SOME,
    replaces: response.getReplacesList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
    detailed: Object.fromEntries(
      [...response.getDetaileddiffMap().entries()].map(([path, diff]: [string, proto.PropertyDiff]) => [
        path,
        kinds[diff.getKind()]!,
      ]),
    ),
  };
}

/** Resolves with the error of a step that must fail. */
export async function failure(step: Promise<unknown>): Promise<StepError> {
  const outcome = await step.then(
    () => undefined,
    (error) => error,
  );
  if (!(outcome instanceof StepError)) {
    throw outcome ?? new Error("the step succeeded");
  }
  return outcome;
}

export const secretOf = (value: Value): Bag => ({ [signatureKey]: secretSignature, value });

/** Polls until the promise's value is accepted; the time is a bound, not a measure. */
export async function eventually<T>(
  look: () => Promise<T> | T,
  accept: (value: T) => boolean = Boolean,
  seconds = 20,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await look();
    if (accept(value)) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`not within ${seconds} s; last seen: ${JSON.stringify(value)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
