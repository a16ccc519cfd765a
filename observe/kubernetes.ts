import {
  AppsV1Api,
  AuthenticationV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  type ConfigurationOptions,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  Observable,
  PolicyV1Api,
} from "@kubernetes/client-node";
import { z } from "zod";
import { UserError } from "../config/load/problems";

const requestTimeoutMilliseconds = 10_000;

/** Reading access to the channel's cluster. */
export interface Cluster {
  context: string;
  server: string;
  core: CoreV1Api;
  apps: AppsV1Api;
  batch: BatchV1Api;
  policy: PolicyV1Api;
  autoscaling: AutoscalingV2Api;
  custom: CustomObjectsApi;
  /** Says who the kubeconfig's user is. */
  authentication: AuthenticationV1Api;
}

/** @throws {UserError} when there is no kubeconfig, or it has no such context. */
export function connect(context: string | undefined): Cluster {
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (error) {
    throw new UserError(
      `The kubeconfig cannot be read: ${(error as Error).message}. Check the file that KUBECONFIG names (else ~/.kube/config).`,
    );
  }
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const known = config.getContexts().map(({ name }) => name);
      throw new UserError(
        `The kubeconfig has no context ${JSON.stringify(context)} (key channel.context). Known: ${known.join(", ") || "none"}.`,
      );
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new UserError(
      "The kubeconfig names no cluster: set KUBECONFIG, or choose a context (key channel.context).",
    );
  }
  return {
    context: config.getCurrentContext(),
    server: cluster.server,
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
    batch: config.makeApiClient(BatchV1Api),
    policy: config.makeApiClient(PolicyV1Api),
    autoscaling: config.makeApiClient(AutoscalingV2Api),
    custom: config.makeApiClient(CustomObjectsApi),
    authentication: config.makeApiClient(AuthenticationV1Api),
  };
}

const httpError = z.object({ code: z.number(), body: z.unknown().optional() });
const systemError = z.object({ code: z.string(), message: z.string() });

/**
 * Makes one request of the API server.
 * @param request handed what ends it when its time is over: a request left open keeps the process alive
 * @returns null where the object or its kind does not exist
 * @throws {UserError} when the server cannot be reached or refuses.
 */
export async function ask<Answer>(
  cluster: Cluster,
  what: string,
  request: (options: ConfigurationOptions) => Promise<Answer>,
  timeoutMilliseconds = requestTimeoutMilliseconds,
): Promise<Answer | null> {
  const where = `cluster ${cluster.server} (context ${cluster.context})`;
  const overdue = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    const seconds = timeoutMilliseconds / 1000;
    timer = setTimeout(() => {
      reject(new UserError(`The ${where} has not answered for ${seconds} s when asked for ${what}.`));
      overdue.abort();
    }, timeoutMilliseconds);
  });
  try {
    return await Promise.race([request(endedBy(overdue.signal)), timeout]);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const http = httpError.safeParse(error);
    if (http.success && http.data.code === 404) return null;
    if (http.success && (http.data.code === 401 || http.data.code === 403)) {
      throw new UserError(
        `The ${where} does not let this user read ${what} (HTTP ${http.data.code}). Check the credentials in the kubeconfig and the user's roles.`,
      );
    }
    const system = systemError.safeParse(error);
    const reason = system.success ? system.data.message : (error as Error).message;
    throw new UserError(
      `The ${where} cannot be reached: ${reason}. Check that it runs and that KUBECONFIG names the right file.`,
    );
  } finally {
    clearTimeout(timer);
  }
}

function endedBy(signal: AbortSignal): ConfigurationOptions {
  return {
    middleware: [
      {
        pre: (request) => {
          request.setSignal(signal);
          return new Observable(Promise.resolve(request));
        },
        post: (response) => new Observable(Promise.resolve(response)),
      },
    ],
    middlewareMergeStrategy: "append",
  };
}
