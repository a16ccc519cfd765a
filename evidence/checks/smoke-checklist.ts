import type { Check } from "./check";

interface SmokeChecklist {
  items: { name: string; result: "passed" | "failed" | "skipped"; note?: string }[];
}

/** Nothing on the list failed, and not all of it was left out. */
export const smokeChecklist: Check<SmokeChecklist> = ({ items }) => [
  ...items
    .filter(({ result }) => result === "failed")
    .map(({ name, note }) => `"${name}" failed${note === undefined ? "" : `: ${note}`}`),
  ...(items.every(({ result }) => result === "skipped") ? ["everything on it was skipped"] : []),
];
