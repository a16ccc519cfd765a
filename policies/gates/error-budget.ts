import { budgeted, type ErrorBudget } from "../../config/schemas/slo";
import type { Verdict } from "../../rollout/verdict";
import { inWords } from "./duration";
import type { GateInput } from "./input";
import type { BudgetBurn } from "./input/metrics";

const gate = "error-budget";

/**
 * A rollout begins only while the live release has error budget left to spend: it fails where a service burns its
 * budget too fast over the long and the short window of one pair at once, for long enough to matter and still going
 * on. Only at entry: windows of an hour and more outlast a stage, and tell of the old release.
 */
export function errorBudget(input: GateInput): Verdict {
  const { kind, to, slo, snapshot } = input;
  const { budget } = snapshot;
  const skipped = (reason: string): Verdict => ({ gate, status: "skipped", reason });
  if (kind !== "start") return skipped("judges only whether a rollout may begin");
  if (slo.errorBudget === undefined) return skipped("no error budget is configured");
  if (budget.status === "not-configured") {
    return skipped("no metrics source is configured (key channel.prometheus)");
  }
  if (budget.status === "unavailable") {
    return { gate, status: "hold", reason: `no figures: ${budget.problem}` };
  }
  const services = budgeted(slo).filter((name) => to.baseline.services[name] !== undefined);
  if (services.length === 0) return skipped("no objectives for the services of the live release");

  const { errorBudget: policy } = slo;
  const verdicts = services.map((service) => judgeService(service, policy, budget.burns));
  return (
    verdicts.find(({ status }) => status === "fail") ??
    verdicts.find(({ status }) => status === "hold") ?? {
      gate,
      status: "pass",
      reason: `no service of ${to.baseline.version} burns its budget too fast (${services.join(", ")})`,
    }
  );
}

function judgeService(
  service: string,
  { period, pairs }: ErrorBudget,
  burns: readonly BudgetBurn[],
): Verdict {
  const hold = (reason: string): Verdict => ({ gate, status: "hold", reason: `${service}: ${reason}` });
  const judged = pairs.map(({ long, short, budgetShare }) => ({
    long,
    short,
    limit: (budgetShare * period) / long,
    burn: burns.find(
      (burn) =>
        burn.service === service && burn.longWindowSeconds === long && burn.shortWindowSeconds === short,
    ),
  }));
  for (const { long, short, limit, burn } of judged) {
    const [over, now] = [burn?.longBurn ?? 0, burn?.shortBurn ?? 0];
    if (over > limit && now > limit) {
      const observed = `${rounded(over)} over ${inWords(long)}, ${rounded(now)} over ${inWords(short)}`;
      const expected = `at most ${rounded(limit)}`;
      const reason = `${service}: its error budget burns at ${observed} times the rate that lasts ${inWords(period)}; allowed is ${expected}. Mend what is live first`;
      return { gate, status: "fail", reason, observed, expected };
    }
  }
  const unknown = judged.find(({ burn }) => burn === undefined || isNaNumber(burn));
  if (unknown !== undefined) {
    return hold(`no figures of ${inWords(unknown.long)} and ${inWords(unknown.short)}`);
  }
  if (judged.every(({ burn }) => burn?.longBurn === null)) {
    return hold("no requests in any window, so nothing is known of its budget");
  }
  return { gate, status: "pass", reason: `${service}: within budget` };
}

function isNaNumber({ longBurn, shortBurn }: BudgetBurn): boolean {
  return [longBurn, shortBurn].some((burn) => burn !== null && !Number.isFinite(burn));
}

function rounded(burn: number): string {
  return String(Number(burn.toPrecision(3)));
}
