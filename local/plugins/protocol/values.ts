/**
 * Property values as they travel between engine and plugin: JSON in a protobuf Struct, with two signed
 * forms. A secret is `{[signatureKey]: secretSignature, value}`; an unknown is the string `unknown`.
 */

export type Value = null | boolean | number | string | Value[] | Bag;
export interface Bag {
  [key: string]: Value;
}

export const signatureKey = "4dabf18193072939515e22adb298388d";
export const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isBag(value: Value | undefined): value is Bag {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSecret(value: Value | undefined): value is Bag {
  return isBag(value) && value[signatureKey] === secretSignature;
}

export function isUnknown(value: Value | undefined): boolean {
  return value === unknown;
}

/** Marks a value as secret; a value that is one already stays as it is. */
export function secret(value: Value): Bag {
  return isSecret(value) ? value : { [signatureKey]: secretSignature, value };
}

/** The value inside a secret, or the value itself. */
export function reveal(value: Value | undefined): Value | undefined {
  return isSecret(value) ? reveal(value.value) : value;
}

/** A deep copy in which every secret is replaced by its value and keys are renamed by `rename`. */
export function stripSecrets(value: Value, rename: (key: string) => string = (key) => key): Value {
  const plain = reveal(value) ?? null;
  if (Array.isArray(plain)) {
    return plain.map((element) => stripSecrets(element, rename));
  }
  if (isBag(plain)) {
    return Object.fromEntries(
      Object.entries(plain).map(([key, element]) => [rename(key), stripSecrets(element, rename)]),
    );
  }
  return plain;
}

/** `stripSecrets` of a whole bag. */
export function plainBag(bag: Bag, rename?: (key: string) => string): Bag {
  const plain = stripSecrets(bag, rename);
  return isBag(plain) ? plain : {};
}

/** True if any value inside satisfies the predicate. */
export function contains(value: Value | undefined, predicate: (value: Value) => boolean): boolean {
  if (value === undefined) {
    return false;
  }
  if (predicate(value)) {
    return true;
  }
  if (Array.isArray(value)) {
    return value.some((element) => contains(element, predicate));
  }
  return isBag(value) && Object.values(value).some((element) => contains(element, predicate));
}

export function containsUnknown(value: Value | undefined): boolean {
  return contains(value, isUnknown);
}

export function containsSecret(value: Value | undefined): boolean {
  return contains(value, isSecret);
}

/** Deep equality; the order of keys does not matter. */
export function equal(a: Value | undefined, b: Value | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((element, i) => equal(element, b[i]));
  }
  if (isBag(a) && isBag(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]));
  }
  return a === b;
}

/** The value at a path of keys, or undefined where there is none. */
export function at(value: Value | undefined, ...path: string[]): Value | undefined {
  return path.reduce<Value | undefined>(
    (v, key) => (isBag(v) && Object.hasOwn(v, key) ? v[key] : undefined),
    value,
  );
}

/** The string at a path, or "" where there is none. */
export function text(value: Value | undefined, ...path: string[]): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
}

/** The number at a path, or undefined where there is none. */
export function numeric(value: Value | undefined, ...path: string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
}

/** The array at a path, or [] where there is none. */
export function list(value: Value | undefined, ...path: string[]): Value[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The object at a path, or {} where there is none. */
export function bag(value: Value | undefined, ...path: string[]): Bag {
  const found = at(value, ...path);
  return isBag(found) ? found : {};
}

/** Removes the field at a path, in place. */
export function remove(object: Bag, ...path: string[]): void {
  const parent = at(object, ...path.slice(0, -1));
  const key = path.at(-1);
  if (isBag(parent) && key !== undefined) {
    delete parent[key];
  }
}

/** Sets the field at a path, in place, with objects made where they are missing. */
export function assign(object: Bag, path: string[], value: Value): void {
  const [key, ...rest] = path;
  if (key === undefined) {
    return;
  }
  if (rest.length === 0) {
    object[key] = value;
    return;
  }
  const existing = object[key];
  const child = isBag(existing) ? existing : {};
  object[key] = child;
  assign(child, rest, value);
}

export function copy<T extends Value>(value: T): T {
  return structuredClone(value);
}
