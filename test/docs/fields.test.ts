import type { z } from "zod";
import { channelSection, stackSettings } from "../../config/schemas/channel";
import { compatMatrix } from "../../config/schemas/compat";
import { evidencePolicy } from "../../config/schemas/evidence";
import { migrationSpec } from "../../config/schemas/migration";
import { sloPolicy } from "../../config/schemas/slo";
import { fieldRows } from "./markdown";
import { leavesOf } from "./schema-fields";

interface Documented {
  what: string;
  schema: z.ZodType;
  file: string;
  heading: string;
}

const tables: Documented[] = [
  { what: "a stack key", schema: stackSettings, file: "docs/configuration.md", heading: "Stack keys" },
  {
    what: "the channel's section",
    schema: channelSection,
    file: "docs/configuration.md",
    heading: "The channel's section",
  },
  { what: "a migration", schema: migrationSpec, file: "docs/configuration.md", heading: "Migrations" },
  {
    what: "slo.yaml",
    schema: sloPolicy,
    file: "docs/configuration.md",
    heading: "Service level objectives",
  },
  { what: "evidence.yaml", schema: evidencePolicy, file: "docs/gates/evidence.md", heading: "The policy" },
  { what: "compat/matrix.yaml", schema: compatMatrix, file: "docs/gates/graph.md", heading: "The matrix" },
];

/** Fields that hold a whole other part of the same schema, and the row of it says so. */
const sameAsElsewhere = ["stages.<>.services."];

describe.each(tables)("the table of $what", ({ schema, file, heading }) => {
  const rows = fieldRows(file, heading);
  const leaves = leavesOf(schema).filter((leaf) => !sameAsElsewhere.some((part) => leaf.startsWith(part)));

  test.each(leaves)("tells of %s", (leaf) => {
    expect(rows.some((row) => tellsOf(row, leaf))).toBe(true);
  });

  test("tells of nothing else", () => {
    const notChecked = heading === "Stack keys" ? ["channel"] : [];
    const named = rows.flatMap(({ fields }) => fields).filter((field) => !notChecked.includes(field));
    expect(named.filter((field) => !leaves.some((leaf) => isWithin(leaf, field)))).toEqual([]);
  });
});

/** By its own name in the first column, or by its last name in the row of what it belongs to. */
function tellsOf({ fields, text }: { fields: string[]; text: string }, leaf: string): boolean {
  if (fields.includes(leaf)) return true;
  const name = leaf.slice(leaf.lastIndexOf(".") + 1).replace("[]", "");
  return fields.some((field) => isWithin(leaf, field)) && new RegExp(`\\b${name}\\b`).test(text);
}

function isWithin(leaf: string, field: string): boolean {
  return leaf === field || leaf.startsWith(`${field}.`) || leaf.startsWith(`${field}[]`);
}
