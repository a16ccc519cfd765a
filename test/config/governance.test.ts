import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadPolicies } from "../../config/load/policies";
import { defaultApprovalRules } from "../../config/schemas/governance";
import { aChannel } from "../gates/transitions";
import { messageOf, Project } from "./files";

const folder = join(__dirname, "access");
const files = (kind: "good" | "bad") =>
  readdirSync(join(folder, kind)).map((name) => ({
    name,
    text: readFileSync(join(folder, kind, name), "utf8"),
  }));

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

const load = (text: string) => {
  project.write("access.yaml", text);
  return loadPolicies(project.folder, aChannel({ access: "access.yaml" })).access();
};

describe("the access file", () => {
  test.each(files("good"))("$name is right", ({ text }) => {
    expect(load(text)?.identities).toBeDefined();
  });

  test.each(files("bad"))("$name is refused: field and line are named", ({ text }) => {
    const [, field, expected] = /^# ([^:]+): (.*)/.exec(text) ?? [];
    const message = messageOf(() => load(text));
    expect(message).toMatch(/^access\.yaml is not valid\.\n {2}access\.yaml:\d+:\d+ /);
    expect(message).toContain(` ${field}: `);
    expect(message).toContain(expected);
  });

  test("is not needed", () => {
    expect(loadPolicies(project.folder, aChannel()).access()).toBeNull();
  });
});

describe("change windows", () => {
  const zone = "Europe/Berlin";
  const windowsOf = (changeWindow: object) => () =>
    aChannel({ changeWindow: changeWindow as never }).changeWindow;
  const window = (more: object) =>
    windowsOf({ zone, windows: [{ days: ["mon"], from: "18:00", to: "22:00", ...more }] });
  const freeze = (more: object) =>
    windowsOf({
      zone,
      freezes: [
        { from: "2026-12-20T00:00:00+01:00", to: "2027-01-02T00:00:00+01:00", reason: "holidays", ...more },
      ],
    });

  test("are the evenings of weekdays and the days of weekends, unless said otherwise", () => {
    expect(windowsOf({ zone })()).toEqual({
      zone,
      windows: [
        { days: ["mon", "tue", "wed", "thu", "fri"], from: "18:00", to: "22:00" },
        { days: ["sat", "sun"], from: "10:00", to: "18:00" },
      ],
      freezes: [],
    });
  });

  test("are no lines of a crontab; what they look like is told", () => {
    expect(windowsOf({ zone, windows: ["0 18 * * 1-5"] })).toThrow(/expected a window such as \{ days:/);
  });

  test.each(["UTC", "Asia/Kolkata", "America/Argentina/Ushuaia"])("may be in %s", (name) => {
    expect(windowsOf({ zone: name })).not.toThrow();
  });

  test.each(["Europe/Atlantis", "local", "system", "", "+01:00", "UTC+1", "berlin"])(
    "but not in %j",
    (name) => {
      expect(windowsOf({ zone: name })).toThrow("expected an IANA time zone such as Europe/Berlin");
    },
  );

  test.each([
    ["over midnight", { from: "22:00", to: "02:00" }],
    ["up to midnight", { to: "24:00" }],
    ["all day", { from: "00:00", to: "24:00" }],
  ])("may go %s", (_, more) => {
    expect(window(more)).not.toThrow();
  });

  test.each([
    [{ from: "24:00" }, "expected 00:00 and the day after"],
    [{ from: "18:00", to: "18:00" }, "expected another time than `from`"],
    [{ to: "25:00" }, "expected a time such as 18:00"],
    [{ to: "9:00" }, "expected a time such as 18:00"],
    [{ to: "24:30" }, "expected a time such as 18:00"],
    [{ days: [] }, ">=1 items"],
    [{ days: ["monday"] }, "expected one of"],
  ])("but not %j", (more, expected) => {
    expect(window(more)).toThrow(expected);
  });

  test("are closed in a freeze, which has a beginning before its end, a zone and a reason", () => {
    expect(freeze({})).not.toThrow();
    expect(freeze({ to: "2026-12-19T23:00:00Z" })).toThrow("expected `to` after `from`");
    expect(freeze({ to: "2027-01-02T00:00:00" })).toThrow();
    expect(freeze({ reason: "" })).toThrow();
  });
});

describe("approval rules", () => {
  const rulesOf = (rules: object[] | undefined) => () =>
    aChannel({ approvals: { rules: rules as never } }).approvals;

  test("are the channel's own, none, or left open", () => {
    expect(rulesOf([{ change: "any", roles: ["operations"] }])().rules).toEqual([
      { change: "any", at: "start", roles: ["operations"] },
    ]);
    expect(rulesOf([])().rules).toEqual([]);
    expect(rulesOf(undefined)()).toEqual({ folder: "approvals" });
  });

  test.each([
    [{ change: "any", roles: [] }, ">=1 items"],
    [{ change: "any", roles: ["a", "a"] }, "expected every role once"],
    [{ change: "huge", roles: ["a"] }, "expected one of"],
    [{ change: "any", roles: ["a"], at: 0 }, "expected start, finalize, contract or a weight such as 30"],
    [{ change: "any", roles: ["a"], at: "later" }, "expected"],
  ])("not %j", (rule, expected) => {
    expect(rulesOf([rule])).toThrow(expected);
  });

  test("by default ask three parties about a major change", () => {
    expect(defaultApprovalRules).toEqual([
      { change: "major", at: "start", roles: ["business", "technology", "operations"] },
    ]);
  });
});
