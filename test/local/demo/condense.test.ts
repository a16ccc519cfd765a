import { Condenser } from "../../../local/demo/condense";

const condense = (lines: string[]) => {
  const condenser = new Condenser();
  return lines.flatMap((line) => condenser.condense(line)?.text ?? []);
};

describe("the condensed output of an update", () => {
  test("has each resource once, when it is done", () => {
    expect(
      condense([
        "Updating (canary):",
        "    pulumi:pulumi:Stack release-channels-canary  warning: using something",
        " +  pulumi:pulumi:Stack release-channels-canary creating (1s) canary: install",
        "@ updating.....",
        " +  kubernetes:batch/v1:Job migrate creating (0s) ",
        ' +  kubernetes:batch/v1:Job migrate creating (2s) Waiting for Job "migrate" to succeed',
        " +  kubernetes:batch/v1:Job migrate created (2s) Waiting for Job",
        " +  kubernetes:batch/v1:Job migrate created (2s) ",
        " ~  kubernetes:core/v1:ConfigMap mirror updated (0.02s) [diff: ~data]; ",
        " -  kubernetes:apps/v1:Deployment api deleted (3s) ",
      ]),
    ).toEqual([
      "Updating (canary):",
      " +  kubernetes:batch/v1:Job migrate created (2s)",
      " ~  kubernetes:core/v1:ConfigMap mirror updated (0.02s) [diff: ~data]",
      " -  kubernetes:apps/v1:Deployment api deleted (3s)",
    ]);
  });

  test("keeps what a preview says, failures, and the diagnostics with their indentation", () => {
    const lines = [
      " +  kubernetes:batch/v1:Job migrate create",
      " ~  pulumi:index:Stash intent update [diff: ~input]",
      " +  kubernetes:batch/v1:Job migrate **creating failed** error: 4 errors occurred:",
      "Diagnostics:",
      "  pulumi:pulumi:Stack (release-channels-canary):",
      "    canary: install: first release of this channel",
      "      gates",
      "        slo          hold     api: too few requests to judge by: 50 of at least 100",
      "",
      "Resources:",
      "    + 22 created",
    ];
    expect(condense(lines)).toEqual(lines);
  });

  test("has no two blank lines in a row", () => {
    expect(condense(["", "a", "", "", "b"])).toEqual(["a", "", "b"]);
  });
});
