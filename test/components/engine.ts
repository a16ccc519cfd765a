import * as pulumi from "@pulumi/pulumi";
import { deserializeProperties } from "@pulumi/pulumi/runtime/rpc";
import * as settings from "@pulumi/pulumi/runtime/settings";

/** One resource as the engine was asked to register it. */
export interface Registration {
  type: string;
  name: string;
  /** Logical name of the parent; empty at the top. */
  parent: string;
  custom: boolean;
  inputs: Record<string, unknown>;
  /** Logical names of what it waits for, its parents' included: children wait for their parent. */
  dependencies: string[];
  /** Logical name of its provider. */
  provider: string;
  /** Inputs whose changes are left alone. */
  ignoresChanges: string[];
  /** It stays in the cluster when the state lets go of it. */
  retained: boolean;
}

/** What is used of the SDK's protocol class. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getObject(): Parameters<typeof deserializeProperties>[0];
  getDependenciesList(): string[];
  getProvider(): string;
  getIgnorechangesList(): string[];
  getRetainondelete(): boolean;
}

/** Parts of the SDK that its declarations leave out. */
const { getMonitor, waitForRPCs } = settings as unknown as {
  getMonitor(): { registerResource(request: Request, callback: unknown): Promise<void> };
  waitForRPCs(): Promise<void>;
};

const nameOf = (urn: string) => urn.split("::").at(3) ?? "";

/**
 * Runs a program against Pulumi's mocks, and gives what it has registered, in the order in which the engine would
 * have begun with it: a resource is registered when all it depends on has answered, and answers come late and mixed.
 * @param answers outputs of resources, by name or else by type
 */
export async function registered(
  program: () => unknown,
  { answers = {}, preview = false }: { answers?: Record<string, object>; preview?: boolean } = {},
): Promise<Registration[]> {
  const list: Registration[] = [];
  const waitsFor = new Map<string, string[]>();
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs }) => {
        await new Promise((resolve) => setTimeout(resolve, (name.length * 7) % 5));
        return { id: `${name}-id`, state: { ...inputs, ...(answers[name] ?? answers[type]) } };
      },
      call: ({ inputs }) => inputs,
    },
    "release-channels",
    "canary",
    preview,
  );
  const monitor = getMonitor();
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    const [parent, name] = [nameOf(request.getParent()), request.getName()];
    const own = request.getDependenciesList().map(nameOf);
    const dependencies = [...new Set([...own, ...(waitsFor.get(parent) ?? [])])].sort();
    if (!request.getCustom()) waitsFor.set(name, dependencies);
    list.push({
      type: request.getType(),
      name,
      parent,
      custom: request.getCustom(),
      inputs: deserializeProperties(request.getObject()),
      dependencies,
      provider: nameOf(request.getProvider()),
      ignoresChanges: request.getIgnorechangesList(),
      retained: request.getRetainondelete(),
    });
    return register(request, callback);
  };
  return withoutStacks(async () => {
    program();
    await waitForRPCs();
    return list;
  });
}

/** The SDK keeps a stack of every promise it makes, and the test runner would look each line of it up in source maps. */
async function withoutStacks<T>(run: () => Promise<T>): Promise<T> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return await run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
