import * as fc from "fast-check";
import { parse } from "yaml";
import { loadStackConfiguration } from "../../config/load/stack";
import { filled } from "../../config/schemas/command-adapter";
import { runArgv } from "../../traffic/argv";
import { Project, problemsOf } from "./files";

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

const apply = "[split, --to, '{candidate}={weight}', --from, '{baseline}', '{service}']";
const commands = (more = "") => `
        apply: ${apply}
        read: [split, read, '{namespace}']${more}`;
const stackFile = (command: string, more = "", gateway = "adapter: command") => `config:
  release-channels:version: 1.1.0
  release-channels:channel:
    product: shop
    namespace: shop-canary
    gateway:
      ${gateway}
      hostnames: [h]
      url: "http://127.0.0.1:1"
      command: ${command}
    services: {}${more}
`;

function load(text: string) {
  project.write("Pulumi.canary.yaml", text);
  const { config } = parse(text) as { config: Record<string, unknown> };
  const raw = {
    "release-channels:version": "1.1.0",
    "release-channels:channel": JSON.stringify(config["release-channels:channel"]),
  };
  return loadStackConfiguration(raw, "release-channels", "canary", project.folder).channel;
}

describe("a channel's commands", () => {
  test("are lists of arguments, with what they may take", () => {
    const { gateway } = load(stackFile(commands("\n        dryRun: [split, --dry-run, '{service}']")));
    expect(gateway).toMatchObject({
      adapter: "command",
      command: {
        apply: ["split", "--to", "{candidate}={weight}", "--from", "{baseline}", "{service}"],
        read: ["split", "read", "{namespace}"],
        dryRun: ["split", "--dry-run", "{service}"],
        timeout: 30,
      },
    });
  });

  test("may hold braces that name nothing, as JSON does", () => {
    const json = commands().replace("'{service}'", `'{"service": "{service}", "all": {}}'`);
    expect(load(stackFile(json)).gateway.command?.apply.at(-1)).toBe('{"service": "{service}", "all": {}}');
  });

  const broken: [string, string, string][] = [
    [
      "an unknown placeholder",
      commands().replace("{baseline}", "{stable}"),
      ":11:62 channel.gateway.command.apply.4",
    ],
    ["one that `read` has no value for", commands().replace("{namespace}", "{service}"), "command.read.2"],
    ["no service", commands().replace("{service}", "api"), ":11:9 channel.gateway.command.apply"],
    ["no baseline", commands().replace("{baseline}", "stable"), "{baseline} or {baselineBackend}"],
    ["no candidate", commands().replace("{candidate}", "x"), "{candidate} or {candidateBackend}"],
    ["no weight", commands().replace("{weight}", "10"), "{weight} or {baselineWeight}"],
    [
      "a program that a value names",
      commands().replace("[split, --to", "['{service}', --to"),
      "command.apply.0",
    ],
    ["a shell's line", "\n        apply: 'split {service}'\n        read: [split]", "expected a list"],
    ["no program", commands().replace(apply, "[]"), "expected a program and its arguments"],
    ["no read", `\n        apply: ${apply}`, "gateway.command.read"],
    ["a time without end", commands("\n        timeout: 1h"), "expected 1s to 10m"],
    ["a time of nothing", commands("\n        timeout: 0s"), "expected 1s to 10m"],
    ["a misspelt key", commands("\n        dryrun: [split]"), "command.dryrun: unknown key"],
  ];

  test.each(broken)("with %s are refused, by file, line and field", (_, command, expected) => {
    const problems = problemsOf(() => load(stackFile(command)));
    expect(problems[0]).toContain(expected);
    expect(problems[0]).toMatch(/^Pulumi\.canary\.yaml:\d+:\d+ channel\.gateway\.command/);
  });

  test.each<[string, string, string, string]>([
    [
      "cohorts",
      "\n    cohorts: {a: {header: {name: x-a, value: b}}}",
      "adapter: command",
      ":14:5 channel.cohorts",
    ],
    ["affinity", "", "adapter: command\n      affinity: cookie", "channel.gateway.affinity"],
    ["another adapter", "", "name: shared\n      namespace: gateway", "with `adapter: command` only"],
    ["an unknown adapter", "", "adapter: istio", "expected one of gateway-api, command"],
    ["a Gateway", "", "adapter: command\n      name: shared", "channel.gateway.name"],
  ])("and %s do not go together", (_, more, gateway, expected) => {
    expect(problemsOf(() => load(stackFile(commands(), more, gateway)))).toEqual([
      expect.stringContaining(expected),
    ]);
  });

  test("are needed where they are to be run", () => {
    const without = stackFile("").replace("      command: \n", "");
    expect(problemsOf(() => load(without))).toEqual([
      expect.stringMatching(/channel\.gateway\.command: found nothing, expected `apply` and `read`/),
    ]);
  });
});

describe("a value", () => {
  const hostile = [
    ...[
      "$(touch owned)",
      "`touch owned`",
      "; touch owned",
      "&& touch owned",
      "--flag",
      "-rf",
      "'",
      '"',
      "\\",
    ],
    ...["a\nb", "a\tb", "", " ", "*", "$&", "$1", "{weight}", "{service}", "%s", "é\u202e"],
  ];
  const value = fc.oneof(
    fc.constantFrom(...hostile),
    fc.string({ unit: "binary" }).map((text) => Buffer.from(text.replaceAll("\0", "")).toString()),
  );

  test("is within the one argument that names it, whatever it is", () => {
    fc.assert(
      fc.property(value, value, (service, weight) => {
        const template = ["program", "{service}", "--weight={weight}", "{unknown}", "{service}{weight}"];
        expect(filled(template, { service, weight })).toEqual([
          "program",
          service,
          `--weight=${weight}`,
          "{unknown}",
          `${service}${weight}`,
        ]);
      }),
    );
  });

  test("reaches the program as it is, as one argument, past every shell", async () => {
    const values = [...hostile, ...fc.sample(value, 20)];
    const template = ["-e", "console.log(JSON.stringify(process.argv.slice(1)))", "--"];
    const argv = values.flatMap((one) => filled([...template.slice(3), "{service}"], { service: one }));
    const ended = await runArgv([process.execPath, ...template, ...argv], {
      folder: project.folder,
      timeoutSeconds: 10,
    });
    expect(JSON.parse(ended.stdout)).toEqual(values);
  });
});
