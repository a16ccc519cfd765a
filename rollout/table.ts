import { stripVTControlCharacters } from "node:util";
import CliTable from "cli-table3";

/** Lines of a table without borders, long cells wrapped at words. */
export function table(colWidths: number[], rows: string[][]): string[] {
  const lines = new CliTable({
    colWidths,
    wordWrap: true,
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: "  ",
      "left-mid": "",
      mid: "",
      "mid-mid": "",
      right: "",
      "right-mid": "",
      middle: "",
    },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 1 },
  });
  lines.push(...rows.map((cells) => cells.map((cell, column) => broken(cell, (colWidths[column] ?? 2) - 1))));
  return lines
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}

/** A path or a checksum may be longer than its column, and would be cut off. */
function broken(text: string, width: number): string {
  if (stripVTControlCharacters(text).length <= width) return text;
  return text.replaceAll(new RegExp(`\\S{${width}}(?=\\S)`, "g"), "$&\n");
}
