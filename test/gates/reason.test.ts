import { reason, witnessReason } from "../../policies/gates/reason";
import { at, next, recordOf, rolling, steady } from "../rollout/releases";
import { aChannel, transition } from "./transitions";

test.each([null, "", "  ", "\t\n"])("%j is no reason", (given) => {
  const rejected = [{ version: next.version, hash: next.hash, attempt: 1, at: at(0), reason: null }];
  const input = transition({ kind: "start", to: rolling(10), record: recordOf(steady(), { rejected }) });
  expect(reason({ ...input, reason: given }).status).toBe("hold");
  const actor = { name: "ann", verifiedBy: null, roles: [] };
  const rollback = { kind: "rollback", channel: aChannel(), reason: given, snapshot: { actor } } as const;
  expect(witnessReason(rollback).status).toBe("skipped");
});
