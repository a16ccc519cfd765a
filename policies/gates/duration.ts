const units = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
] as const;

/** `3 d`, `6 h`, `5 min`, `90 s`: in the largest unit that it is a whole number of. */
export function inWords(seconds: number): string {
  const [unit, size] = units.find(([, length]) => seconds >= length && seconds % length === 0) ?? ["s", 1];
  return `${seconds / size} ${unit}`;
}
