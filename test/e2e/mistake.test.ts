import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestChannel } from "./story/channel";
import * as given from "./story/given";
import { story } from "./story/story";
import * as verify from "./story/verify";
import * as when from "./story/when";

interface Mistake {
  made: (channel: TestChannel) => void;
  message: RegExp;
}

const releaseFile = (text: string) => (channel: TestChannel) => {
  writeFileSync(join(channel.releasesDir, "2.0.0.yaml"), text);
  when.versionIsSet(channel, "2.0.0");
};

/** Every mistake a person can make, and what has to be in the one message about it. */
const mistakes: Record<string, Mistake> = {
  "a version without a release file": {
    made: (channel) => when.versionIsSet(channel, "9.9.9"),
    message: /releases\/9\.9\.9\.yaml: file not found/,
  },
  "a version that is none": {
    made: (channel) => when.versionIsSet(channel, "latest"),
    message: /Pulumi\.e2e-\S+\.yaml:2:\d+ version: found "latest", expected a semantic version/,
  },
  "a release file that is not YAML": {
    made: releaseFile("version: 2.0.0\nservices: {api: {image: x}\n"),
    message: /releases\/2\.0\.0\.yaml:\d+:\d+:/,
  },
  "a release file with a key that is unknown": {
    made: releaseFile("version: 2.0.0\nproduct: shop\nservice:\n  api: {}\n"),
    message: /releases\/2\.0\.0\.yaml:3:1 service: unknown key/,
  },
  "an image by tag": {
    made: releaseFile(
      "version: 2.0.0\nproduct: shop\nservices:\n  api:\n    image: local/shop-api:2.0.0\n    probes: {readiness: {path: /readyz, port: 8080}}\n",
    ),
    message:
      /releases\/2\.0\.0\.yaml:5:\d+ services\.api\.image: found "local\/shop-api:2\.0\.0", expected an image by digest/,
  },
  "a key of the channel that is unknown": {
    made: (channel) =>
      channel.editConfig((text) => text.replace("    namespace:", "    namspace: x\n    namespace:")),
    message: /Pulumi\.e2e-\S+\.yaml:\d+:\d+ (channel\.)?namspace: unknown key/,
  },
  "a weight out of range": {
    made: (channel) => channel.configure({ stages: [10, 130] }),
    message:
      /Pulumi\.e2e-\S+\.yaml:\d+:\d+ (channel\.)?stages\.1: found 130, expected a whole number from 1 to 100/,
  },
  "stages that do not ascend": {
    made: (channel) => channel.configure({ stages: [30, 10, 100] }),
    message:
      /Pulumi\.e2e-\S+\.yaml:\d+:\d+ (channel\.)?stages\.1: found 10, expected stages in ascending order/,
  },
  "a stage that is none": {
    made: (channel) => channel.set({ stage: "half" }),
    message: /Pulumi\.e2e-\S+\.yaml:3:\d+ stage: found "half", expected auto, hold or a weight/,
  },
  "a gateway that does not exist": {
    made: (channel) => channel.configure({ gateway: { ...channel.section.gateway, name: "elsewhere" } }),
    message: /Gateway gateway\/elsewhere does not exist \(key channel\.gateway\)/,
  },
  "a namespace that does not exist": {
    made: (channel) => channel.configure({ namespace: "nowhere" }),
    message: /namespace nowhere does not exist .*\(key channel\.namespace\)/,
  },
  "a service that the channel does not place": {
    made: (channel) => channel.configure({ services: { api: channel.section.services.api ?? {} } }),
    message: /1\.0\.0 has services that this channel's configuration does not place: worker/,
  },
  "a cluster that does not answer": {
    made: (channel) => {
      const kubeconfig = join(channel.log, "..", "kubeconfig");
      writeFileSync(kubeconfig, deadKubeconfig);
      channel.environment = { KUBECONFIG: kubeconfig };
    },
    message: /cluster https:\/\/127\.0\.0\.1:1 \(context dead\) cannot be reached/,
  },
};

const deadKubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: dead, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: dead, user: {}}]
contexts: [{name: dead, context: {cluster: dead, user: dead}}]
current-context: dead
`;

describe("a mistake is told in one message, before anything changes:", () => {
  story.each(Object.keys(mistakes))("%s", async (world, name) => {
    const channel = await given.emptyChannel(world);
    const { made, message } = mistakes[name]!;
    made(channel);
    await verify.nothingChanges(channel, async () => verify.refused(await when.up(channel), message));
  });

  story("a preview tells them too", async (world) => {
    const channel = await given.emptyChannel(world);
    when.versionIsSet(channel, "9.9.9");
    verify.failedClearly(await when.preview(channel), /releases\/9\.9\.9\.yaml: file not found/);
  });
});
