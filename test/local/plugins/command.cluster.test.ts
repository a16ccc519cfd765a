import { mkdtempSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bag, unknown } from "../../../local/plugins/protocol/values";
import { installed } from "./cluster";
import { eventually, failure, Plugin, secretOf } from "./harness";

let plugin: Plugin;
const folder = realpathSync(mkdtempSync(join(tmpdir(), "command-")));
const urn = "urn:pulumi:test::conformance::command:local:Command::step";

beforeAll(async () => {
  plugin = await Plugin.start(await installed("command"));
  await plugin.configure({}, "command");
});
afterAll(() => plugin?.stop());

const outputs = async (inputs: Bag) => (await plugin.create(urn, inputs)).properties;

describe("creating a Command", () => {
  test("runs it and keeps what it prints, without the last newline", async () => {
    const { id, properties } = await plugin.create(urn, { create: "printf 'a\\nb\\n\\n'; echo c >&2" });
    expect(id).toMatch(/^step[0-9a-f]{8}$/);
    expect(properties).toMatchObject({ create: expect.any(String), stdout: "a\nb\n", stderr: "c" });
  });

  test("gives it its input, environment and folder", async () => {
    const properties = await outputs({
      create: 'cat; echo "$COLOR"; pwd',
      stdin: "in\n",
      environment: { COLOR: "blue" },
      dir: folder,
    });
    expect(properties.stdout).toBe(`in\nblue\n${folder}`);
  });

  test("gives it the interpreter that it asks for", async () => {
    const properties = await outputs({ create: "console.log(1 + 1)", interpreter: [process.execPath, "-e"] });
    expect(properties.stdout).toBe("2");
  });

  test("fails with its exit status and all that it printed", async () => {
    const error = await failure(plugin.create(urn, { create: "echo out; echo bad >&2; exit 3" }));
    expect(error.message).toContain('exit status 3: running "echo out; echo bad >&2; exit 3":\n');
    expect(error.message).toMatch(/out\n/);
    expect(error.message).toMatch(/bad\n/);
    expect(error.partial).toBeUndefined();
  });

  test("fails when its folder does not exist", async () => {
    await failure(plugin.create(urn, { create: "true", dir: join(folder, "none") }));
  });

  test("without a command to create does nothing", async () => {
    expect(await outputs({ delete: "true" })).toMatchObject({ stdout: "", stderr: "" });
  });

  test("keeps secret inputs secret, and what it prints open", async () => {
    const properties = await outputs({
      create: "cat",
      stdin: secretOf("quiet"),
      environment: { A: secretOf("1") },
    });
    expect(properties).toMatchObject({
      stdin: secretOf("quiet"),
      environment: { A: secretOf("1") },
      stdout: "quiet",
    });
  });

  test("in a preview does not run, and knows no output", async () => {
    const file = join(folder, "preview");
    const { properties } = await plugin.create(urn, { create: `touch ${file}` }, { preview: true });
    expect(properties).toMatchObject({ create: `touch ${file}`, stdout: unknown, stderr: unknown });
    expect(() => readFileSync(file)).toThrow();
  });

  test("shows its output line by line, while it runs", async () => {
    const go = join(folder, "go");
    const creating = plugin.create(urn, {
      create: `echo first; while [ ! -e ${go} ]; do sleep 0.05; done; echo second >&2`,
    });
    await eventually(() => plugin.messages(urn).includes("first"));
    writeFileSync(go, "");
    await creating;
    expect(plugin.messages(urn)).toContain("second");
  });

  test.each([
    ["stdout", ["out-stdout"]],
    ["stderr", ["err-stderr"]],
    ["none", []],
  ])("with logging %s shows no more than that", async (logging, shown) => {
    const properties = await outputs({ create: `echo out-${logging}; echo err-${logging} >&2`, logging });
    expect(properties).toMatchObject({ stdout: `out-${logging}`, stderr: `err-${logging}` });
    expect(plugin.messages(urn).filter((message) => message.endsWith(`-${logging}`))).toEqual(shown);
  });

  test("is ended by the engine's cancel", async () => {
    const canceled = await Plugin.start(await installed("command"));
    await canceled.configure({}, "command");
    const creating = failure(canceled.create(urn, { create: "echo started; exec sleep 600" }));
    await eventually(() => canceled.messages(urn).includes("started"));
    await canceled.cancel();
    expect((await creating).message).toContain("signal: killed");
    await canceled.stop();
  });
});

describe("changing a Command", () => {
  const state: Bag = { create: "echo created", stdout: "before", stderr: "" };

  test("runs the command to update, which sees what was printed before", async () => {
    const news = { create: "false", update: 'echo "after $PULUMI_COMMAND_STDOUT"' };
    expect(await plugin.update(urn, "id", state, news)).toMatchObject({ stdout: "after before" });
  });

  test("runs the command to create where there is none to update", async () => {
    expect(await plugin.update(urn, "id", state, { create: "echo again" })).toMatchObject({
      stdout: "again",
    });
  });

  test("shows it nothing of before where it is told not to", async () => {
    const news = { create: 'echo "[$PULUMI_COMMAND_STDOUT]"', addPreviousOutputInEnv: false };
    expect(await plugin.update(urn, "id", state, news)).toMatchObject({ stdout: "[]" });
  });

  test("without a command to run keeps what was printed", async () => {
    const news = { delete: "true" };
    expect(await plugin.update(urn, "id", state, news)).toEqual({ ...news, stdout: "before", stderr: "" });
  });

  test("in a preview knows no output when an input changes", async () => {
    const changed = await plugin.update(urn, "id", state, { create: "echo other" }, { preview: true });
    expect(changed).toMatchObject({ stdout: unknown, stderr: unknown });
  });

  test("that fails is an error", async () => {
    const error = await failure(plugin.update(urn, "id", state, { create: "exit 4" }));
    expect(error.message).toContain("exit status 4");
  });
});

describe("telling what changed in a Command", () => {
  const inputs: Bag = { create: "true", triggers: ["a", { b: 1 }], environment: { COLOR: "blue" } };
  const diff = (news: Bag, ignoreChanges: string[] = []) =>
    plugin.diff(urn, "id", { ...inputs, stdout: "", stderr: "" }, news, ignoreChanges, inputs);

  test("equal inputs are no change", async () => {
    expect(await diff(inputs)).toMatchObject({ changes: false, detailed: {} });
  });

  test("a changed input is an update, by its path", async () => {
    const result = await diff({ ...inputs, create: "false", environment: { COLOR: "red" } });
    expect(result).toMatchObject({ changes: true, replaces: [] });
    expect(result.detailed).toEqual({ create: "update", "environment.COLOR": "update" });
  });

  test("a changed trigger is named by its position, for the SDK to make it a replacement", async () => {
    const result = await diff({ ...inputs, triggers: ["z", { b: 1 }] });
    expect(result.detailed).toEqual({ "triggers[0]": "update" });
  });

  test("triggers that come are a replacement", async () => {
    const result = await plugin.diff(urn, "id", { create: "true" }, { create: "true", triggers: ["a"] }, [], {
      create: "true",
    });
    expect(result.detailed).toEqual({ triggers: "add-replace" });
  });

  test("an ignored input is no change", async () => {
    expect(await diff({ ...inputs, create: "false" }, ["create"])).toMatchObject({ changes: false });
  });
});

describe("the rest of a Command's life", () => {
  test("a refresh finds what was there", async () => {
    const properties = { create: "echo 1", stdout: "1", stderr: "" };
    const found = await plugin.read(urn, "id", properties, { create: "echo 1" });
    expect(found).toEqual({ id: "id", properties, inputs: { create: "echo 1" } });
  });

  test("deleting it runs the command to delete, which sees what was printed before", async () => {
    const file = join(folder, "deleted");
    const remove = `echo "$PULUMI_COMMAND_STDOUT" > ${file}`;
    await plugin.delete(urn, "id", { create: "true", delete: remove, stdout: "before", stderr: "" });
    expect(readFileSync(file, "utf8")).toBe("before\n");
  });

  test("deleting it fails when its command does", async () => {
    const error = await failure(plugin.delete(urn, "id", { delete: "exit 5", stdout: "", stderr: "" }));
    expect(error.message).toContain("exit status 5");
  });

  test("an input of the wrong type is refused", async () => {
    const { failures } = await plugin.check(urn, { create: "true", environment: { COLOR: ["blue"] } });
    expect(failures).toHaveLength(1);
  });
});
