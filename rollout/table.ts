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
  lines.push(...rows);
  return lines
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}
