import * as pulumi from "@pulumi/pulumi";
import { ulid } from "ulid";
import { objectNames } from "./components/object-names";
import { ReleaseChannel } from "./components/release-channel";
import { loadPolicies } from "./config/load/policies";
import { UserError } from "./config/load/problems";
import { loadStackConfiguration } from "./config/load/stack";
import { nextSequence } from "./evidence/chain/conclude";
import { keptEvidence, takeAccount } from "./observe/account";
import { readDesired } from "./observe/desired";
import { judgeProposal } from "./observe/judgement";
import { connect } from "./observe/kubernetes";
import { refuseObjects } from "./observe/ownership";
import { writeReport } from "./observe/report-file";
import { readMemory } from "./observe/state";
import { observeTraffic } from "./observe/traffic";
import { capacitySettings } from "./rollout/capacity";
import { cohortsOf } from "./rollout/cohorts";
import { dataSettings } from "./rollout/data-jobs";
import { decide } from "./rollout/plan";
import { propose } from "./rollout/propose";
import { interrupted } from "./rollout/record";
import { describeDecision, describeStatus, explainDecision, summarize, withColor } from "./rollout/report";
import { adapterOf } from "./traffic/adapters";

async function releaseChannel(): Promise<Record<string, unknown>> {
  const projectDir = process.cwd();
  const channelName = pulumi.getStack();
  const configuration = loadStackConfiguration(
    pulumi.runtime.allConfig(),
    pulumi.getProject(),
    channelName,
    projectDir,
  );
  const { settings, channel } = configuration;

  const cluster = connect(channel.context);
  const [memory, live] = await Promise.all([
    readMemory(channelName),
    observeTraffic({ cluster, channelName, channel, projectDir }),
  ]);
  const { record, intent, objects } = memory;
  const desired = readDesired(configuration, record, projectDir);
  const now = new Date();

  const proposal = propose({
    record,
    intent,
    desired,
    live,
    stages: channel.stages,
    cohorts: cohortsOf(channel.cohorts),
    rollbackWindowSeconds: channel.rollbackWindow,
    migrationOrder: channel.migrations.order,
    now: now.toISOString(),
  });
  const policies = loadPolicies(projectDir, channel);
  const sources = { cluster, channelName, channel, settings, projectDir, policies, live, readMemory, now };
  const { verdicts, snapshot, attribution } = await judgeProposal(proposal, record, sources);
  const decision = decide({
    proposal,
    verdicts,
    record,
    interrupted: interrupted(record, intent),
    live,
    attempt: settings.attempt,
    strictHold: settings.strictHold,
    capacity: capacitySettings(channel),
    data: dataSettings(channel),
    id: ulid(now.getTime()),
    now: now.toISOString(),
  });

  const told = [channelName, proposal, decision, verdicts] as const;
  await pulumi.log.info(withColor(describeDecision(...told)));
  const unwritten = writeReport(process.env.RELEASE_REPORT_JSON, explainDecision(...told));
  if (unwritten !== null) await pulumi.log.warn(unwritten);
  if (decision.outcome === "blocked") {
    throw new UserError(
      [`${channelName} is blocked; nothing was changed.`, ...decision.reasons].join("\n  "),
    );
  }
  const { plan } = decision;
  if (plan === null) return { status: "nothing is installed yet; held by its gates" };
  const account = await takeAccount(plan, record, { verdicts, snapshot }, sources);
  if (plan.transition !== null) {
    const sequence = account === null ? null : nextSequence(account.previous);
    const names = objectNames(plan, channel.product, channelName, sequence);
    await refuseObjects(cluster, channel.namespace, channelName, {
      names,
      routes: adapterOf(channel).objects,
      remembered: objects,
      kind: plan.transition.kind,
    });
  }
  const released = new ReleaseChannel(channelName, {
    channel: channelName,
    section: channel,
    plan,
    record,
    intent,
    attribution,
    account,
    keptEvidence: keptEvidence(record, memory, channel.product, channelName),
    clusterIdentifier: channel.context ?? cluster.server,
  });
  return {
    status: released.record.apply((written) => describeStatus(written, decision)),
    channel: released.record.apply(summarize),
  };
}

/**
 * A person's mistake, and a closed gate, are told in a message; only our own mistakes show where they happened.
 * The SDK's own frames are left out: Node's formatting of them loops until memory is full (20 s, 3 GB).
 */
function presentable(error: Error): Error {
  const shown = error instanceof UserError ? new pulumi.RunError(error.message) : error;
  const frames = (shown.stack ?? "").split("\n").filter((line) => !line.includes("node_modules"));
  shown.stack = error instanceof UserError ? shown.message : frames.join("\n");
  return shown;
}

/** Without its engine the program has nobody to work for: a killed one must not leave it writing into closed pipes. */
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));

export = async (): Promise<Record<string, unknown>> => {
  try {
    return await releaseChannel();
  } catch (error) {
    throw presentable(error as Error);
  }
};
