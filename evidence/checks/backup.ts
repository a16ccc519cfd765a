import { type Check, instant } from "./check";

interface Backup {
  produced_at: string;
  stores: { name: string; taken_at: string; restore_test: { at: string; passed: boolean } }[];
}

/** Every store's backup was taken before it was reported, and restoring it was tried and worked. */
export const backup: Check<Backup> = ({ produced_at, stores }) =>
  stores.flatMap(({ name, taken_at, restore_test }) => [
    ...(instant(taken_at) <= instant(produced_at) ? [] : [`${name}: was taken after it was reported`]),
    ...(instant(restore_test.at) <= instant(produced_at) ? [] : [`${name}: was tried after it was reported`]),
    ...(restore_test.passed ? [] : [`${name}: restoring it did not work`]),
  ]);
