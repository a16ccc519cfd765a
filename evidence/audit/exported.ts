import { z } from "zod";
import { UserError } from "../../config/load/problems";
import { evidenceHead } from "../../rollout/record";
import type { KnownHead, StoredEvidence } from "../chain/verify";

/** A channel's evidence as it was found, and what records say of how far it goes. */
export interface FoundEvidence {
  product: string;
  channel: string;
  stored: StoredEvidence[];
  heads: KnownHead[];
}

/** First line of an export; a line for each piece of evidence comes after it. */
const header = z.object({
  export: z.literal("release-channels/evidence/v1"),
  product: z.string(),
  /** A stack's name: files are looked for by it. */
  channel: z.string().regex(/^[\w.-]+$/),
  exportedAt: z.iso.datetime(),
  /** As the record says; null where it could not be read. */
  head: evidenceHead.nullable(),
});

const line = z.object({ sequence: z.int().min(1), envelope: z.string() });

/** JSON lines. */
export function writeExport({ product, channel, stored, heads }: FoundEvidence, now: Date): string {
  const lines: unknown[] = [
    {
      export: "release-channels/evidence/v1",
      product,
      channel,
      exportedAt: now.toISOString(),
      head: heads[0]?.head ?? null,
    } satisfies z.infer<typeof header>,
    ...stored.map(({ sequence, text }) => ({ sequence, envelope: text })),
  ];
  return lines.map((one) => `${JSON.stringify(one)}\n`).join("");
}

/**
 * Reads an export. The lines' order says nothing; one that is missing shows by its sequence, or by the record's head.
 * @throws {UserError} naming the line that is none
 */
export function readExport(text: string, file: string): FoundEvidence {
  const [first = "", ...rest] = text.split("\n").filter((one) => one.trim() !== "");
  const about = header.safeParse(json(first));
  if (!about.success) {
    throw new UserError(
      `${file}:1: found no export of evidence, expected what \`npm run audit -- export\` writes.`,
    );
  }
  const { product, channel, head } = about.data;
  const stored = rest.map((one, index): StoredEvidence => {
    const read = line.safeParse(json(one));
    if (read.success) return { sequence: read.data.sequence, text: read.data.envelope };
    throw new UserError(
      `${file}:${index + 2}: found no evidence, expected an object with \`sequence\` and \`envelope\`.`,
    );
  });
  return { product, channel, stored, heads: head === null ? [] : [{ by: "the export's record", head }] };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
