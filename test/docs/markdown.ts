import { readFileSync } from "node:fs";

export interface Example {
  /** `docs/gates/live.md:88` */
  place: string;
  text: string;
}

/** The fenced blocks of one language. */
export function examplesOf(file: string, language: string): Example[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map((match) => ({
    place: `${file}:${text.slice(0, match.index).split("\n").length}`,
    text: match[1] ?? "",
  }));
}

export interface FieldRow {
  /** As in `incidents.alertmanager.url`, `cases[].id`, `services.<>.replicas`. */
  fields: string[];
  /** All that the row says. */
  text: string;
}

/** Tables whose first column is headed so list fields. */
const fieldTable = /^\| (?:field|key) .*\n\| -.*\n((?:\|.*\n)+)/gm;

/** What the tables of a section say of fields. */
export function fieldRows(file: string, heading: string): FieldRow[] {
  const sections = readFileSync(file, "utf8").split(/^#+ /m);
  const section = sections.find((part) => part.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(fieldTable)]
    .flatMap(([, rows = ""]) => rows.trimEnd().split("\n"))
    .map((line) => ({ fields: fieldsOf(line.split("|")[1] ?? ""), text: line }));
}

/** "`gateway.name`, `.namespace`" are two fields of `gateway`; `….share` is one of a service. */
function fieldsOf(cell: string): string[] {
  const [first = "", ...rest] = [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => normal(name));
  const parent = first.slice(0, first.lastIndexOf(".") + 1);
  return [first, ...rest.map((name) => (name.startsWith(".") ? `${parent}${name.slice(1)}` : name))];
}

/** A list or a record of plain values is one field. */
function normal(path: string): string {
  return path
    .replace(/^…/, "services.<name>")
    .replaceAll(/<\w+>/g, "<>")
    .replace(/(\.<>|\[\])$/, "");
}
