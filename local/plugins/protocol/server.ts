import { setMaxListeners } from "node:events";
import * as grpc from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { engineLog, silentLog } from "./engine";
import { toServiceError } from "./errors";
import type { CheckRequest, CheckResponse, DiffRequest, DiffResponse, ResourcePlugin } from "./plugin";
import { fromStruct, toStruct } from "./struct";

/** Big objects (a ConfigMap holds up to 1 MiB) in requests with old and new state. */
const maxMessageBytes = 400 * 1024 * 1024;

const diffKinds = {
  add: proto.PropertyDiff.Kind.ADD,
  "add-replace": proto.PropertyDiff.Kind.ADD_REPLACE,
  delete: proto.PropertyDiff.Kind.DELETE,
  "delete-replace": proto.PropertyDiff.Kind.DELETE_REPLACE,
  update: proto.PropertyDiff.Kind.UPDATE,
  "update-replace": proto.PropertyDiff.Kind.UPDATE_REPLACE,
};

const autonamingModes = ["propose", "enforce", "disable"] as const;

function toCheckRequest(request: proto.CheckRequest, signal: AbortSignal): CheckRequest {
  const autonaming = request.getAutonaming();
  return {
    urn: request.getUrn(),
    signal,
    olds: fromStruct(request.getOlds()),
    news: fromStruct(request.getNews()),
    randomSeed: request.getRandomseed_asU8(),
    autonaming: autonaming && {
      mode: autonamingModes[autonaming.getMode()] ?? "propose",
      proposedName: autonaming.getProposedName(),
    },
  };
}

function fromCheckResponse(response: CheckResponse): proto.CheckResponse {
  const message = new proto.CheckResponse();
  message.setInputs(toStruct(response.inputs));
  for (const { property, reason } of response.failures) {
    const failure = new proto.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    message.addFailures(failure);
  }
  return message;
}

function toDiffRequest(request: proto.DiffRequest, signal: AbortSignal): DiffRequest {
  return {
    urn: request.getUrn(),
    signal,
    id: request.getId(),
    olds: fromStruct(request.getOlds()),
    oldInputs: fromStruct(request.getOldInputs()),
    news: fromStruct(request.getNews()),
    ignoreChanges: request.getIgnorechangesList(),
  };
}

function fromDiffResponse(response: DiffResponse): proto.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
  const message = new proto.DiffResponse();
  message.setChanges(response.changes ? DIFF_SOME : DIFF_NONE);
  message.setDiffsList(response.diffs ?? []);
  message.setReplacesList(response.replaces);
  message.setDeletebeforereplace(response.deleteBeforeReplace ?? false);
  message.setHasdetaileddiff(response.detailedDiff !== undefined);
  for (const [path, { kind, inputDiff }] of Object.entries(response.detailedDiff ?? {})) {
    const diff = new proto.PropertyDiff();
    diff.setKind(diffKinds[kind]);
    diff.setInputdiff(inputDiff);
    message.getDetaileddiffMap().set(path, diff);
  }
  return message;
}

type Handler<Request, Response> = (request: Request, signal: AbortSignal) => Promise<Response>;

/** The gRPC methods of a resource plugin; those not listed answer `unimplemented`. */
function methods(plugin: ResourcePlugin, version: string, canceled: AbortController) {
  const unary =
    <Request, Response>(handler: Handler<Request, Response>) =>
    (call: grpc.ServerUnaryCall<Request, Response>, callback: grpc.sendUnaryData<Response>) => {
      handler(call.request, canceled.signal).then(
        (response) => callback(null, response),
        (error) => callback(toServiceError(error)),
      );
    };
  return {
    handshake: unary(async (request: proto.ProviderHandshakeRequest) => {
      plugin.attach(engineLog(request.getEngineAddress()));
      const response = new proto.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),
    getPluginInfo: unary(async (_: Empty) => new PluginInfo().setVersion(version)),
    checkConfig: unary(async (request: proto.CheckRequest, signal) =>
      fromCheckResponse(await plugin.checkConfig(toCheckRequest(request, signal))),
    ),
    diffConfig: unary(async (request: proto.DiffRequest, signal) =>
      fromDiffResponse(await plugin.diffConfig(toDiffRequest(request, signal))),
    ),
    configure: unary(async (request: proto.ConfigureRequest) => {
      await plugin.configure({
        variables: Object.fromEntries(request.getVariablesMap().entries()),
        acceptSecrets: request.getAcceptsecrets(),
      });
      const response = new proto.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),
    check: unary(async (request: proto.CheckRequest, signal) =>
      fromCheckResponse(await plugin.check(toCheckRequest(request, signal))),
    ),
    diff: unary(async (request: proto.DiffRequest, signal) =>
      fromDiffResponse(await plugin.diff(toDiffRequest(request, signal))),
    ),
    create: unary(async (request: proto.CreateRequest, signal) => {
      const { id, properties } = await plugin.create({
        urn: request.getUrn(),
        signal,
        properties: fromStruct(request.getProperties()),
        timeout: request.getTimeout(),
        preview: request.getPreview(),
      });
      return new proto.CreateResponse().setId(id).setProperties(toStruct(properties));
    }),
    read: unary(async (request: proto.ReadRequest, signal) => {
      const found = await plugin.read({
        urn: request.getUrn(),
        signal,
        id: request.getId(),
        properties: fromStruct(request.getProperties()),
        inputs: fromStruct(request.getInputs()),
      });
      const response = new proto.ReadResponse();
      return found === undefined
        ? response
        : response
            .setId(found.id)
            .setProperties(toStruct(found.properties))
            .setInputs(toStruct(found.inputs));
    }),
    update: unary(async (request: proto.UpdateRequest, signal) => {
      const { properties } = await plugin.update({
        urn: request.getUrn(),
        signal,
        id: request.getId(),
        olds: fromStruct(request.getOlds()),
        news: fromStruct(request.getNews()),
        timeout: request.getTimeout(),
        ignoreChanges: request.getIgnorechangesList(),
        preview: request.getPreview(),
      });
      return new proto.UpdateResponse().setProperties(toStruct(properties));
    }),
    delete: unary(async (request: proto.DeleteRequest, signal) => {
      await plugin.delete({
        urn: request.getUrn(),
        signal,
        id: request.getId(),
        properties: fromStruct(request.getProperties()),
        timeout: request.getTimeout(),
      });
      return new Empty();
    }),
    cancel: unary(async (_: Empty) => {
      canceled.abort();
      return new Empty();
    }),
  };
}

/**
 * Ends the process when the engine that started it is gone, so that nothing goes on changing a cluster
 * after a kill. `process.ppid` changes when the parent dies.
 */
function followParent(stop: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) {
      stop();
    }
  }, 500).unref();
}

/** Serves a resource plugin and prints its port, the first line that the engine reads. */
export function serve(plugin: ResourcePlugin, version: string): void {
  const canceled = new AbortController();
  // Every step that is under way listens.
  setMaxListeners(0, canceled.signal);
  const address = process.argv.slice(2).findLast((argument) => !argument.startsWith("-"));
  plugin.attach(address === undefined ? silentLog : engineLog(address));
  const server = new grpc.Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
  });
  server.addService(ResourceProviderService, methods(plugin, version, canceled));
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) {
      console.error(`pulumi resource plugin: cannot listen on 127.0.0.1: ${error.message}`);
      process.exit(1);
    }
    process.stdout.write(`${port}\n`);
  });
  const stop = () => {
    canceled.abort();
    setImmediate(() => process.exit(0));
  };
  followParent(stop);
  // The engine ends its plugins with an interrupt. A terminal's does not get here: plugins have a process
  // group of their own.
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}
