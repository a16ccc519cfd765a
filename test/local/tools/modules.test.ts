import { readFileSync } from "node:fs";
import { toolModules } from "../../../local/tools/modules";

describe("the tool modules", () => {
  it.each(toolModules)("$name declares just the programs that are expected of it", ({ name, programs }) => {
    const module = readFileSync(`local/tools/${name}/go.mod`, "utf8");
    const declared = [...module.matchAll(/^(?:tool |\t)(\S+\/cmd\/([\w-]+))$/gm)].map(
      ([, , program]) => program,
    );
    expect(declared.sort()).toEqual([...programs].sort());
  });

  it("build the engine in the version of its npm package", () => {
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
    const flags = toolModules.find(({ name }) => name === "pulumi")?.linkerFlags;
    expect(flags).toContain(`version.Version=v${dependencies["@pulumi/pulumi"]}`);
    expect(readFileSync("local/tools/pulumi/go.mod", "utf8")).toContain(
      `github.com/pulumi/pulumi/pkg/v3 v${dependencies["@pulumi/pulumi"]}`,
    );
  });

  it("give Kubernetes the version it is built from", () => {
    const flags = toolModules.find(({ name }) => name === "kubernetes")?.linkerFlags;
    const version = /k8s\.io\/kubernetes (v\S+)/.exec(
      readFileSync("local/tools/kubernetes/go.mod", "utf8"),
    )?.[1];
    expect(flags).toContain(`version.gitVersion=${version}`);
  });
});
