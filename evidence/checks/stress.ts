import type { Check } from "./check";

interface Stress {
  profiles: { name: string; passed: boolean; note?: string }[];
}

/** Every profile passed, and none is counted twice. */
export const stress: Check<Stress> = ({ profiles }) => {
  const names = profiles.map(({ name }) => name);
  return [
    ...new Set(
      names.filter((name, index) => names.indexOf(name) < index).map((name) => `${name} is in it twice`),
    ),
    ...profiles
      .filter(({ passed }) => !passed)
      .map(({ name, note }) => `the profile ${name} did not pass${note === undefined ? "" : `: ${note}`}`),
  ];
};
