import { PolicyPack } from "@pulumi/policy";
import { channelSources } from "./pack/channel-judgement";
import { releasePolicies } from "./pack/policies";
import { packRun } from "./pack/run";
import manifest from "./package.json";

const pack = { name: "release-channels", version: manifest.version };

/** The engine starts a pack in the pack's folder, also one that it only wants to list. */
const runs = process.env.PULUMI_STACK !== undefined;
const sources = runs ? channelSources(packRun(process.env, process.cwd())) : null;

new PolicyPack(pack.name, {
  description: "Judges every transition of a release channel again, and how what it registers is built.",
  policies: releasePolicies(
    () => {
      if (sources === null) throw new Error("The engine did not say which stack it runs.");
      return sources;
    },
    pack,
    { preview: process.env.PULUMI_DRY_RUN === "true", kubeconfig: process.env.KUBECONFIG },
  ),
});
