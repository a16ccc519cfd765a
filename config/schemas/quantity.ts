const suffixes: Readonly<Record<string, bigint>> = {
  n: 1n,
  u: 1_000n,
  m: 1_000_000n,
  "": 10n ** 9n,
  k: 10n ** 12n,
  M: 10n ** 15n,
  G: 10n ** 18n,
  T: 10n ** 21n,
  P: 10n ** 24n,
  E: 10n ** 27n,
  Ki: 2n ** 10n * 10n ** 9n,
  Mi: 2n ** 20n * 10n ** 9n,
  Gi: 2n ** 30n * 10n ** 9n,
  Ti: 2n ** 40n * 10n ** 9n,
  Pi: 2n ** 50n * 10n ** 9n,
  Ei: 2n ** 60n * 10n ** 9n,
};

const syntax = /^\+?(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)$/;

/**
 * An amount as Kubernetes writes it (`100m`, `1.5Gi`, `2e3`), in thousandths: exact, so that sums can be compared.
 * Smaller parts are rounded up. Null for what is no amount, or less than nothing.
 */
export function thousandths(quantity: string): number | null {
  const match = syntax.exec(quantity);
  if (match === null) return null;
  const [, whole = "", fraction = "", exponent, suffix = ""] = match;
  const digits = BigInt(whole + fraction);
  const scale = 10n ** BigInt(fraction.length);
  const power = BigInt(exponent ?? 0);
  const [up, down] = power < 0n ? [1n, 10n ** -power] : [10n ** power, 1n];
  const nanos = digits * (suffixes[suffix] ?? 1n) * up;
  const divisor = scale * down * 1_000_000n;
  return Number((nanos + divisor - 1n) / divisor);
}
