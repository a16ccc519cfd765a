import { generateKeyPairSync } from "node:crypto";
import { accessPolicy } from "../../../config/schemas/access";
import { type Account, conclude, type Undertaking } from "../../../evidence/chain/conclude";
import { type Signing, signingOf, trustedKeys } from "../../../evidence/chain/keys";
import type { StoredEvidence } from "../../../evidence/chain/verify";
import { decide, type Plan } from "../../../rollout/plan";
import type { ChannelRecord, Position, TransitionKind } from "../../../rollout/record";
import {
  at,
  completed,
  liveAt,
  nothingLive,
  rolledBack,
  rolling,
  steady,
  withoutData,
} from "../../rollout/releases";

/** A key for evidence: what signs with it, and its public half as the access file has it. */
export async function aKey(validity: { from?: string; until?: string } = {}) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const ed25519 = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
  const entry = { ed25519, ...validity };
  const access = accessPolicy.parse({ evidence: { keys: [entry] } });
  return {
    pem,
    entry,
    signing: await signingOf({ RELEASE_EVIDENCE_KEY: pem }, "/"),
    trusted: await trustedKeys(access),
  };
}

export const unsigned: Signing = { key: null, why: "no key is given" };

/** Where a channel can go from a position. */
const ways: Record<Position["state"], [TransitionKind, Position][]> = {
  steady: [["start", rolling(10)]],
  rolling: [
    ["advance", rolling(30)],
    ["advance", completed()],
    ["rollback", rolledBack()],
    ["correct", rolling(5)],
  ],
  completed: [
    ["finalize", steady()],
    ["rollback", rolledBack()],
  ],
  "rolled-back": [["finalize", steady()]],
};

export interface Step {
  /** Which of the ways that there are. */
  way: number;
  signing: Signing;
  /** It was killed before its record was written. */
  killed?: boolean;
  account?: Partial<Account>;
}

export interface Chain {
  stored: StoredEvidence[];
  record: ChannelRecord | null;
}

/** A channel's evidence and record after so many transitions, a minute each. */
export function chainOf(steps: readonly Step[]): Chain {
  let record: ChannelRecord | null = null;
  const stored: StoredEvidence[] = [];
  let previous: Account["previous"] = null;
  steps.forEach(({ way, signing, killed = false, account = {} }, index) => {
    const known: [TransitionKind, Position][] =
      record === null ? [["install", steady()]] : ways[record.state];
    const [kind, to] = known[way % known.length]!;
    const undertaking: Undertaking = {
      product: "shop",
      channel: "canary",
      record,
      plan: planTo(kind, to, record, `t${index}`, index),
      attribution: { actor: "ann", reason: null },
      account: { previous, verdicts: [], snapshot: null, files: [], signing, ...account },
    };
    const confirmed = { id: `t${index}`, confirmedAt: at(60 * index + 30), services: {} };
    const made = conclude(undertaking, { confirmed, backup: null, judgedBy: undefined });
    previous = made.evidence.head;
    stored.push({ sequence: previous.sequence, text: made.evidence.text });
    if (!killed) record = made.record;
  });
  return { stored, record };
}

function planTo(
  kind: TransitionKind,
  to: Position,
  record: ChannelRecord | null,
  id: string,
  index: number,
): Plan {
  const decision = decide({
    proposal: { kind, to, why: "a story" } as never,
    verdicts: [],
    record,
    interrupted: false,
    live: record === null ? nothingLive : liveAt(record),
    attempt: 1,
    strictHold: false,
    capacity: { mode: "full", services: {} },
    data: withoutData,
    id,
    now: at(60 * index),
  });
  if (decision.outcome !== "go") throw new Error("the story has no plan");
  return decision.plan;
}

/** A chain of so many transitions, all signed alike. */
export const simpleChain = (length: number, signing: Signing): Chain =>
  chainOf(Array.from({ length }, () => ({ way: 0, signing })));
