import { createPrivateKey, sign } from "node:crypto";
import { dsse } from "@sigstore/core";
import canonicalize from "canonicalize";
import fc from "fast-check";
import { digestOf, payloadOf, readEnvelope } from "../../../evidence/chain/envelope";
import { type AuditedChain, auditChain, type StoredEvidence } from "../../../evidence/chain/verify";
import type { EvidenceHead } from "../../../rollout/record";
import { at } from "../../rollout/releases";
import { aKey, type Chain, chainOf, simpleChain, unsigned } from "./chain";

type Key = Awaited<ReturnType<typeof aKey>>;
let key: Key;
let other: Key;
beforeAll(async () => {
  [key, other] = await Promise.all([aKey(), aKey()]);
});

const headsOf = (head: EvidenceHead | undefined) => (head === undefined ? [] : [{ by: "the record", head }]);

const audited = ({ record }: Chain, more: Partial<AuditedChain> = {}): AuditedChain => ({
  product: "shop",
  channel: "canary",
  heads: headsOf(record?.evidence),
  keys: key.trusted,
  required: false,
  ...more,
});

const told = (stored: readonly StoredEvidence[], chain: AuditedChain) =>
  auditChain(stored, chain).problems.map(
    ({ sequence, problem, expected, found }) => `${sequence}: ${problem} | ${expected} | ${found}`,
  );

/** The piece with something else in its statement; signed anew where a key is given. */
function edited(one: StoredEvidence, edit: (statement: never) => void, by?: Key): StoredEvidence {
  const envelope = readEnvelope(one.text)!;
  const statement = JSON.parse(payloadOf(envelope).toString());
  edit(statement as never);
  const payload = Buffer.from(canonicalize(statement)!);
  const signed = (pem: string) =>
    sign(null, dsse.preAuthEncoding(envelope.payloadType, payload), createPrivateKey(pem)).toString("base64");
  const signatures = envelope.signatures.map(({ keyid, sig }) => ({
    keyid,
    sig: by === undefined ? sig : signed(by.pem),
  }));
  return {
    ...one,
    text: JSON.stringify({ ...envelope, payload: payload.toString("base64"), signatures }),
  };
}
function replacedBytes(payload: Buffer, text: string, by: Buffer): Buffer {
  const place = payload.indexOf(text);
  if (place < 0) throw new Error(`no ${text}`);
  return Buffer.concat([payload.subarray(0, place), by, payload.subarray(place + Buffer.byteLength(text))]);
}
type Statement = { predicate: Record<string, unknown> };
const actorIsBob = (statement: Statement) => {
  statement.predicate.actor = { name: "bob", verifiedBy: null };
};
const replaced = (stored: StoredEvidence[], index: number, by: StoredEvidence) =>
  stored.map((one, at) => (at === index ? by : one));

describe("an untouched chain", () => {
  test("verifies, and so does one whose update was killed before its record", async () => {
    const chain = simpleChain(6, key.signing);
    expect(auditChain(chain.stored, audited(chain))).toMatchObject({ problems: [], notes: [] });
    const killed = chainOf([
      ...Array.from({ length: 3 }, () => ({ way: 0, signing: key.signing })),
      { way: 0, signing: key.signing, killed: true },
    ]);
    expect(auditChain(killed.stored, audited(killed))).toMatchObject({
      problems: [],
      notes: [expect.stringMatching(/^4: newer than the record, by an update that did not get to its end/)],
    });
  });

  test("goes on after an orphan", () => {
    const step = { way: 0, signing: key.signing };
    const chain = chainOf([step, { ...step, killed: true }, step, step]);
    expect(chain.record?.evidence?.sequence).toBe(4);
    expect(auditChain(chain.stored, audited(chain))).toMatchObject({ problems: [], notes: [] });
  });

  test("may change its key, and begin without one", () => {
    const chain = chainOf(
      [unsigned, unsigned, key.signing, other.signing].map((signing) => ({ way: 0, signing })),
    );
    const keys = [...key.trusted, ...other.trusted];
    expect(auditChain(chain.stored, audited(chain, { keys })).problems).toEqual([]);
  });

  test("without any signature is told to be that", () => {
    const chain = simpleChain(3, unsigned);
    expect(auditChain(chain.stored, audited(chain))).toMatchObject({
      problems: [],
      notes: [expect.stringMatching(/^3 of 3 are not signed/)],
    });
  });

  test("is canonical and deterministic: the same transition leaves the same bytes", () => {
    expect(simpleChain(4, key.signing).stored).toEqual(simpleChain(4, key.signing).stored);
  });
});

describe("what was done to a chain is found:", () => {
  const chain = () => simpleChain(5, key.signing);

  test("one in the middle was removed", () => {
    const made = chain();
    const stored = made.stored.filter(({ sequence }) => sequence !== 3);
    expect(told(stored, audited(made))).toEqual([
      expect.stringMatching(/^3: evidence 3 was removed .* \| none/),
    ]);
  });

  test("the newest was removed", () => {
    const made = chain();
    expect(told(made.stored.slice(0, -1), audited(made))).toEqual([
      expect.stringMatching(
        /^5: the newest evidence was removed \| 5, as the record says .* \| 4 as the last one/,
      ),
    ]);
  });

  test("it was cut off at its beginning", () => {
    const made = chain();
    expect(told(made.stored.slice(2), audited(made))).toEqual([
      expect.stringMatching(/^1: evidence 1 to 2 was removed/),
    ]);
  });

  test("all of it was removed", () => {
    expect(told([], audited(chain()))).toEqual([
      expect.stringMatching(/^5: the newest evidence was removed .* \| nothing at all/),
    ]);
  });

  test("two changed places", () => {
    const made = chain();
    const [, second, third] = made.stored;
    const stored = made.stored.map((one) => {
      if (one === second) return { ...second, text: third!.text };
      return one === third ? { ...third, text: second!.text } : one;
    });
    expect(told(stored, audited(made))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^2: it stands in another place than it was made for \| 2 \| 3/),
        expect.stringMatching(/^3: it stands in another place than it was made for \| 3 \| 2/),
      ]),
    );
  });

  test("one was edited", () => {
    const made = chain();
    const stored = replaced(made.stored, 2, edited(made.stored[2]!, actorIsBob));
    expect(told(stored, audited(made))).toEqual([
      expect.stringMatching(/^3: its signature is not that of its key: it was edited, or signed by another/),
      expect.stringMatching(/^4: it does not follow 3: one of both was edited/),
    ]);
  });

  test("the newest was edited, and signed anew by who has the key", () => {
    const made = chain();
    const newest = edited(made.stored[4]!, actorIsBob, key);
    expect(told(replaced(made.stored, 4, newest), audited(made))).toEqual([
      expect.stringMatching(/^5: it is not the one that the record names: it was edited, or replaced/),
    ]);
  });

  test("its bytes were rewritten, and mean the same", () => {
    const made = chain();
    const envelope = readEnvelope(made.stored[1]!.text)!;
    const payload = Buffer.from(`${payloadOf(envelope)} `).toString("base64");
    const one = { ...made.stored[1]!, text: JSON.stringify({ ...envelope, payload }) };
    expect(told(replaced(made.stored, 1, one), audited(made))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^2: it was rewritten/)]),
    );
  });

  test("any character of it was changed", () => {
    const made = simpleChain(1, key.signing);
    const [{ text }] = made.stored as [StoredEvidence];
    for (let place = text.length - 1; place > text.length - 260; place--) {
      // The next one of its alphabet: in the last place of base64 it may stand for the same bytes.
      const other = String.fromCharCode(text.charCodeAt(place) + 1);
      const changed = text.slice(0, place) + other + text.slice(place + 1);
      expect(told([{ sequence: 1, text: changed }], audited(made))).not.toEqual([]);
    }
  });

  test("one was cut short", () => {
    const made = chain();
    const one = { ...made.stored[1]!, text: made.stored[1]!.text.slice(0, 400) };
    expect(told(replaced(made.stored, 1, one), audited(made))).toEqual([
      expect.stringMatching(/^2: it cannot be read/),
      expect.stringMatching(/^3: it does not follow 2/),
    ]);
  });

  test("it was forked: another history from some place on", () => {
    const made = chain();
    const fork = chainOf([0, 0, 0, 2].map((way) => ({ way, signing: key.signing, account: { files: [] } })));
    const both = [...made.stored, fork.stored[3]!];
    expect(told(both, audited(made))).toEqual([
      expect.stringMatching(/^4: the chain forks: it is there twice/),
    ]);
    expect(told(replaced(made.stored, 3, fork.stored[3]!), audited(made))).toEqual([
      expect.stringMatching(/^5: it does not follow 4/),
    ]);
  });

  test("it was signed by another key", () => {
    const made = simpleChain(2, other.signing);
    expect(told(made.stored, audited(made))).toEqual([
      expect.stringMatching(/^1: its key is not trusted \| .{43} \| .{43}/),
      expect.stringMatching(/^2: its key is not trusted/),
    ]);
    const nobody = audited(made, { keys: [] });
    expect(told(made.stored, nobody)[0]).toMatch(/a key under evidence.keys of the access file/);
  });

  test("another key signed it under the name of a trusted one", () => {
    const made = chain();
    const last = edited(made.stored[4]!, () => undefined, other);
    expect(told(replaced(made.stored, 4, last), audited(made))).toEqual([
      expect.stringMatching(/^5: its signature is not that of its key/),
    ]);
  });

  test("one is not signed, among others that are", () => {
    const made = chainOf([key, key, null, key].map((one) => ({ way: 0, signing: one?.signing ?? unsigned })));
    expect(told(made.stored, audited(made))).toEqual([
      "3: it is not signed, among others that are | a signature by a trusted key | no key is given",
    ]);
  });

  test("a signature was taken away", () => {
    const made = simpleChain(1, key.signing);
    const envelope = { ...readEnvelope(made.stored[0]!.text)!, signatures: [] };
    expect(told([{ sequence: 1, text: JSON.stringify(envelope) }], audited(made))).toEqual([
      expect.stringMatching(/^1: its signature was taken away \| a signature by .{43} \| none/),
    ]);
  });

  test("another signature was added, be it the same one", () => {
    const made = simpleChain(1, key.signing);
    const envelope = readEnvelope(made.stored[0]!.text)!;
    const signatures = [...envelope.signatures, ...envelope.signatures];
    const text = JSON.stringify({ ...envelope, signatures });
    expect(told([{ sequence: 1, text }], audited(made))).toEqual([
      expect.stringMatching(/^1: it has more signatures than it was given \| one, by .{43} \| 2$/),
    ]);
  });

  test.each<[string, (payload: Buffer) => Buffer]>([
    [
      "bytes that are no UTF-8",
      (payload) => replacedBytes(payload, '"a story"', Buffer.from('"\xff\xfe"', "latin1")),
    ],
    [
      "the same key twice",
      (payload) => replacedBytes(payload, '"product":', Buffer.from('"product":"x","product":')),
    ],
    [
      "more depth than a reader has",
      (payload) =>
        replacedBytes(
          payload,
          '"content":null',
          Buffer.from(`"content":{"a":${"[".repeat(99_999)}${"]".repeat(99_999)}}`),
        ),
    ],
  ])("it has %s", (_, rewrite) => {
    const made = simpleChain(1, unsigned);
    const envelope = readEnvelope(made.stored[0]!.text)!;
    const payload = rewrite(payloadOf(envelope)).toString("base64");
    const text = JSON.stringify({ ...envelope, payload });
    const heads = headsOf({ sequence: 1, sha256: digestOf(text) });
    expect(told([{ sequence: 1, text }], audited(made, { heads }))).toEqual([
      expect.stringMatching(/^1: it was rewritten \| canonical JSON/),
    ]);
  });

  test("none is signed, where all have to be", () => {
    const made = simpleChain(2, unsigned);
    expect(told(made.stored, audited(made, { required: true }))).toEqual(
      [1, 2].map(
        (one) => `${one}: it is not signed, and has to be | a signature by a trusted key | no key is given`,
      ),
    );
  });

  test.each([
    ["before it was valid", { from: at(3600) }],
    ["after it had ended", { until: at(10) }],
  ])("a key was used %s", async (_, validity) => {
    const expired = await aKey(validity);
    const made = simpleChain(1, expired.signing);
    expect(told(made.stored, audited(made, { keys: expired.trusted }))).toEqual([
      expect.stringMatching(
        /^1: its key .* was not valid then \| a time from .* until .* \| 2026-01-01T00:00:30/,
      ),
    ]);
  });

  test("it is that of another channel", () => {
    const made = simpleChain(1, key.signing);
    expect(told(made.stored, audited(made, { channel: "stable" }))).toEqual([
      "1: it belongs to another channel | shop/stable | shop/canary",
    ]);
  });

  test("nobody can say how far it goes", () => {
    const made = chain();
    expect(told(made.stored, audited(made, { heads: [] }))).toHaveLength(1);
    expect(told([], audited(made, { heads: [] }))).toHaveLength(1);
  });

  test("it claims to be older than the one before it", () => {
    const made = chain();
    const back = edited(
      made.stored[4]!,
      ({ predicate }: { predicate: { transition: { confirmedAt: string } } }) => {
        predicate.transition.confirmedAt = at(-3600);
      },
      key,
    );
    const head = { sequence: 5, sha256: digestOf(back.text) };
    expect(told(replaced(made.stored, 4, back), audited(made, { heads: headsOf(head) }))).toEqual([
      expect.stringMatching(/^5: it says to be older than one before it/),
    ]);
  });

  test("it goes back in time, each a little further", () => {
    const made = chainOf(Array.from({ length: 4 }, () => ({ way: 0, signing: unsigned })));
    let previous: string | null = null;
    const stored = made.stored.map((one, index) => {
      const moved = edited(
        one,
        ({ predicate }: { predicate: { previous: string | null; transition: { confirmedAt: string } } }) => {
          predicate.previous = previous;
          predicate.transition.confirmedAt = at(1000 - 50 * index);
        },
      );
      previous = digestOf(moved.text);
      return moved;
    });
    const heads = headsOf({ sequence: 4, sha256: digestOf(stored[3]!.text) });
    expect(told(stored, audited(made, { heads }))).toEqual([
      expect.stringMatching(
        /^3: it says to be older than one before it \| a time after .*16:40.* \| .*15:00/,
      ),
      expect.stringMatching(/^4: it says to be older/),
    ]);
  });
});

describe("any chain", () => {
  const steps = fc.array(fc.record({ way: fc.nat(3), killed: fc.boolean() }), {
    minLength: 2,
    maxLength: 12,
  });
  const made = (some: { way: number; killed: boolean }[]) =>
    // The last one is recorded: what comes after the record alone can be taken away unseen.
    chainOf(
      some.map(({ way, killed }, index) => ({
        way,
        killed: killed && index > 0 && index < some.length - 1,
        signing: key.signing,
      })),
    );

  test("verifies", () => {
    fc.assert(
      fc.property(steps, (some) => {
        const chain = made(some);
        expect(auditChain(chain.stored, audited(chain)).problems).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test("does not with any single change", () => {
    const mutations: ((stored: StoredEvidence[], index: number, byte: number) => StoredEvidence[])[] = [
      (stored, index) => stored.filter((_, at) => at !== index),
      (stored, index) => [...stored, stored[index]!],
      (stored, index) =>
        stored.map((one, at) =>
          at === index ? { ...one, text: stored[(index + 1) % stored.length]!.text } : one,
        ),
      (stored, index, byte) => {
        const { text, sequence } = stored[index]!;
        const place = byte % text.length;
        const changed = text[place] === "A" ? "B" : "A";
        return replaced(stored, index, {
          sequence,
          text: text.slice(0, place) + changed + text.slice(place + 1),
        });
      },
      (stored, index) => replaced(stored, index, edited(stored[index]!, actorIsBob, key)),
    ];
    fc.assert(
      fc.property(steps, fc.nat(), fc.nat(), fc.nat(mutations.length - 1), (some, index, byte, which) => {
        const chain = made(some);
        const mutated = mutations[which]!(chain.stored, index % chain.stored.length, byte);
        expect(auditChain(mutated, audited(chain)).problems).not.toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
