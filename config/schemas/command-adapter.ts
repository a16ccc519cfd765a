import { z } from "zod";
import { durationSeconds } from "./duration";

/** What arguments of every command may name. */
const ofChannel = ["product", "channel", "namespace", "hostname"] as const;

/** What arguments of a command for one service may name beside it; ids are those of releases. */
const ofService = [
  "service",
  "baseline",
  "baselineBackend",
  "baselineWeight",
  "candidate",
  "candidateBackend",
  "weight",
  "id",
] as const;

export type ChannelPlaceholder = (typeof ofChannel)[number];
export type Placeholder = ChannelPlaceholder | (typeof ofService)[number];

/** Without all of these a command cannot know what to route where; of each, one has to be named. */
const routing: readonly Placeholder[][] = [
  ["service"],
  ["baseline", "baselineBackend"],
  ["candidate", "candidateBackend"],
  ["weight", "baselineWeight"],
];

const placeholder = /\{([A-Za-z]+)\}/g;

/** A program and its arguments: run as they are, by no shell. */
const argv = (known: readonly Placeholder[]) =>
  z
    .array(z.string().refine((text) => !text.includes("\0"), { error: "expected text without NUL" }))
    .min(1, { error: "expected a program and its arguments" })
    .superRefine(([program, ...rest], context) => {
      if (program === undefined) return;
      const refuse = (index: number, message: string, input: string) =>
        context.addIssue({ code: "custom", path: [index], message, input });
      if (program === "") refuse(0, "expected a program", program);
      if (namesIn(program).length > 0) {
        refuse(0, "expected a program without placeholders: what is run is not a value's to say", program);
      }
      rest.forEach((argument, index) => {
        const unknown = namesIn(argument).find((name) => !known.some((one) => one === name));
        if (unknown === undefined) return;
        const names = known.map((name) => `{${name}}`).join(", ");
        refuse(index + 1, `{${unknown}} is no placeholder; there are ${names}`, argument);
      });
    });

/** Names in braces; other text in braces, as in JSON, stands for itself. */
function namesIn(text: string): string[] {
  return [...text.matchAll(placeholder)].map(([, name = ""]) => name);
}

const one = argv([...ofChannel, ...ofService]);

/** Commands of the user's own by which weights are read and given. */
export const commandAdapter = z.strictObject({
  /** Gives one service its weights. */
  apply: one.superRefine((template, context) => {
    if (template.length === 0) return;
    const named = template.flatMap(namesIn);
    for (const group of routing) {
      if (group.some((name) => named.includes(name))) continue;
      const names = group.map((name) => `{${name}}`).join(" or ");
      context.addIssue({ code: "custom", message: `expected an argument with ${names}`, input: template });
    }
  }),
  /** Prints the live weights of all services. */
  read: argv(ofChannel),
  /** Asked before `apply` whether it would succeed. */
  dryRun: one.optional(),
  /** Longest time that each of them may take. */
  timeout: durationSeconds
    .refine((seconds) => seconds >= 1 && seconds <= 600, { error: "expected 1s to 10m" })
    .default(30),
});

export type CommandAdapterSection = z.infer<typeof commandAdapter>;

/** The template with its values, each within the one argument that names it, whatever is in them. */
export function filled(
  template: readonly string[],
  values: Readonly<Partial<Record<Placeholder, string>>>,
): string[] {
  const known = new Map<string, string>(Object.entries(values));
  return template.map((argument) =>
    argument.replaceAll(placeholder, (whole, name: string) => known.get(name) ?? whole),
  );
}
