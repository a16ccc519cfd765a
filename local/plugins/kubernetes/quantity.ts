/**
 * Resource quantities in their canonical form, as the API server returns them: `1000m` is `1`, `0.5` is
 * `500m`, `1024Mi` is `1Gi`.
 */

const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const nanosPerUnit = 1_000_000_000n;

const syntax = /^([+-]?)(\d*)(?:\.(\d*))?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;

/** Anything that is not a quantity in plain or suffix notation stays as it is. */
export function canonicalQuantity(quantity: string | number): string {
  const written = String(quantity);
  const match = syntax.exec(written);
  const [, sign = "", whole = "", fraction = "", suffix = ""] = match ?? [];
  if (match === null || whole + fraction === "") {
    return written;
  }
  const isBinary = suffix.endsWith("i");
  const factor = isBinary
    ? 1024n ** BigInt(binarySuffixes.indexOf(suffix)) * nanosPerUnit
    : 1000n ** BigInt(decimalSuffixes.indexOf(suffix));
  const scale = 10n ** BigInt(fraction.length);
  // Nothing is smaller than a nano: the server rounds up.
  const nanos = (BigInt(whole + fraction) * factor + scale - 1n) / scale;
  if (nanos === 0n) {
    return "0";
  }
  const isWholeKibi = isBinary && nanos % nanosPerUnit === 0n && nanos / nanosPerUnit >= 1024n;
  const [amount, unit] = isWholeKibi
    ? reduce(nanos / nanosPerUnit, 1024n, binarySuffixes)
    : reduce(nanos, 1000n, decimalSuffixes);
  return `${sign === "-" ? "-" : ""}${amount}${unit}`;
}

function reduce(amount: bigint, base: bigint, suffixes: string[]): [bigint, string] {
  let reduced = amount;
  let index = 0;
  while (index < suffixes.length - 1 && reduced % base === 0n) {
    reduced /= base;
    index++;
  }
  return [reduced, suffixes[index] ?? ""];
}
