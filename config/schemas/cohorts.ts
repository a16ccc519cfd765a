import { z } from "zod";
import { dnsLabel } from "./names";

/**
 * What one HTTPRoute may hold (Gateway API v1, `HTTPRouteSpec.rules`); one rule is that of the weights. It might have
 * 15 more, but Traefik 3 counts a rule's place against it, and 10 for a query: the tenth would come after the weights.
 */
const most = { cohorts: 9, alternativesOfOne: 64, alternatives: 127, conditions: 16, cookies: 1 };

const token = /^[A-Za-z0-9!#$%&'*+.^_|~-]{1,256}$/;

/** Such as connections use for themselves, and what the data plane's own probes carry. */
const reserved = ["connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"];
const ownHeader = "x-probe";

const headerName = z
  .string()
  .regex(token, { error: "expected a header name" })
  .superRefine((name, context) => {
    const lower = name.toLowerCase();
    const refuse = (message: string) => context.addIssue({ code: "custom", message, input: name });
    if (lower === "cookie") refuse("expected another header: one cookie is named under `cookie`");
    if (lower === ownHeader)
      refuse("expected another header: this one marks the probes that measure the weight");
    if (reserved.includes(lower)) refuse("expected another header: this one belongs to the connection");
  });

/** Without backticks, in which some gateways quote what they match. */
const headerValue = z.string().regex(/^(?=[!-~])[ -_a-~]{0,4095}[!-_a-~]$/, {
  error: "expected 1 to 4096 printable ASCII characters, without ` and blanks at the ends",
});

/** Two forms of one regular expression may differ between gateways: only what RE2 and PCRE read alike. */
const pattern = z
  .string()
  .min(1)
  .max(1024)
  .superRefine((text, context) => {
    const problem = patternProblem(text);
    if (problem !== null) context.addIssue({ code: "custom", message: problem, input: text });
  });

function patternProblem(text: string): string | null {
  const plain = "expected a regular expression that every gateway reads alike";
  if (!/^[ -_a-~]+$/.test(text)) return `${plain}: printable ASCII characters without \``;
  if (/\(\?(?!:)/.test(text)) return `${plain}: of the groups that begin with (? only (?:`;
  if (/\\[^dDwWsS.\\/|()[\]{}^$*+?-]/.test(text)) return `${plain}: after a backslash d, w, s or a sign`;
  if (/\[\^?\]/.test(text)) return `${plain}: no empty set`;
  if (/\{\d*,?\d{4,}/.test(text) || /\{\d{4,}/.test(text)) return `${plain}: repetitions below 1000`;
  try {
    new RegExp(text);
    return null;
  } catch (error) {
    return `${plain} (${(error as Error).message})`;
  }
}

/** Anchored at both ends, because some gateways compare the whole value and others look for a part. */
export function wholeValue(text: string): string {
  return `^(?:${text})$`;
}

const header = z
  .strictObject({
    name: headerName,
    /** The whole value, as it is. */
    value: headerValue.optional(),
    /** Regular expression of the whole value. */
    pattern: pattern.optional(),
    /** A value that the pattern takes: what the data plane is asked with. */
    example: headerValue.optional(),
  })
  .superRefine(({ value, pattern: text, example }, context) => {
    const refuse = (path: string, message: string, input?: string) =>
      context.addIssue({ code: "custom", path: [path], message, input });
    if (text === undefined) {
      if (value === undefined) refuse("value", "expected `value`, or `pattern` with an `example`");
      else if (example !== undefined) refuse("example", "expected no example without `pattern`", example);
      return;
    }
    if (value !== undefined) refuse("value", "expected either `value` or `pattern`", value);
    if (example === undefined) {
      refuse("example", "expected a value that the pattern takes: the data plane is asked with it");
    } else if (patternProblem(text) === null && !new RegExp(wholeValue(text)).test(example)) {
      refuse("example", `expected a value that ${text} takes as a whole`, example);
    }
  });

/** Characters that no gateway has to decode. */
const unreserved = z
  .string()
  .regex(/^[A-Za-z0-9._~-]{1,256}$/, { error: "expected 1 to 256 letters, digits, '-', '.', '_' and '~'" });

const query = z.strictObject({ name: unreserved, value: unreserved });

const cookie = z.strictObject({
  name: z.string().regex(token, { error: "expected a cookie's name" }),
  /** RFC 6265, cookie-octet; no backtick, as above. */
  value: z.string().regex(/^[!#-+\--:<-[\]-_a-~]{1,1024}$/, {
    error: "expected a cookie's value: 1 to 1024 printable ASCII characters other than blank and \" , ; \\ `",
  }),
});

const oneOrMore = <Condition extends z.ZodType>(condition: Condition) =>
  z.union([z.array(condition).min(1), condition.transform((one) => [one])]).optional();

/** All of them are required. */
const conditions = {
  header: oneOrMore(header),
  query: oneOrMore(query),
  cookie: oneOrMore(cookie),
};

const alternative = z.strictObject(conditions).superRefine(checkConditions);

const nothingSaid = "expected `header`, `query` or `cookie`";

function checkConditions(
  {
    header: headers = [],
    query: queries = [],
    cookie: cookies = [],
  }: z.infer<z.ZodObject<typeof conditions>>,
  context: z.core.$RefinementCtx,
): void {
  const refuse = (path: (string | number)[], message: string, input: unknown) =>
    context.addIssue({ code: "custom", path, message, input });
  if (headers.length + queries.length + cookies.length === 0) refuse([], nothingSaid, undefined);
  const repeated = (field: string, names: string[]) =>
    names.forEach((name, index) => {
      if (names.indexOf(name) < index) {
        refuse([field, index], `expected ${name} once: a route compares a name with one value only`, name);
      }
    });
  repeated(
    "header",
    headers.map(({ name }) => name.toLowerCase()),
  );
  repeated(
    "query",
    queries.map(({ name }) => name),
  );
  if (cookies.length > most.cookies) {
    refuse(
      ["cookie", most.cookies],
      "expected one cookie: a route compares the header that holds them with one expression only",
      cookies[most.cookies]?.name,
    );
  }
  // The header that holds the cookies is one of them.
  if (headers.length + cookies.length > most.conditions) {
    refuse(["header"], `expected at most ${most.conditions} headers and cookies`, headers.length);
  }
  if (queries.length > most.conditions) {
    refuse(["query"], `expected at most ${most.conditions} of them`, queries.length);
  }
}

const cohort = z
  .strictObject({
    ...conditions,
    /** In place of conditions of its own: any of these is enough. */
    anyOf: z.array(alternative).min(1).max(most.alternativesOfOne).optional(),
    /** The stage from which on it applies; from the first where it is left out. */
    from: z.int().optional(),
  })
  .superRefine(({ anyOf, from, ...own }, context) => {
    if (anyOf === undefined) {
      checkConditions(own, context);
      return;
    }
    for (const field of Object.keys(own)) {
      context.addIssue({
        code: "custom",
        path: [field],
        message: "expected it in each of `anyOf`, or no `anyOf`",
        input: field,
      });
    }
  });

/** Name → whose requests go wholly to the candidate, whatever its weight. */
export const cohorts = z.record(dnsLabel(30), cohort);

export type CohortSection = z.infer<typeof cohorts>;
export type Alternative = z.infer<typeof alternative>;

export function alternativesOf({ anyOf, header, query, cookie }: CohortSection[string]): Alternative[] {
  return anyOf ?? [{ header, query, cookie }];
}

/** What one cohort alone does not show: stages, repetitions, and how much a route can hold. */
export function checkCohorts(
  section: CohortSection,
  stages: readonly number[],
  context: z.core.$RefinementCtx,
): void {
  const refuse = (path: (string | number)[], message: string, input: unknown) =>
    context.addIssue({ code: "custom", path: ["cohorts", ...path], message, input });
  const names = Object.keys(section);
  // At the last one everybody's requests go to the candidate.
  const possible = stages.filter((stage) => stage < 100);
  const seen = new Map<string, string>();
  let alternatives = 0;
  for (const [name, one] of Object.entries(section)) {
    if (one.from !== undefined && !possible.includes(one.from)) {
      refuse(
        [name, "from"],
        `expected one of \`stages\` below 100: ${possible.join(", ") || "none"}`,
        one.from,
      );
    }
    alternativesOf(one).forEach((each, index) => {
      alternatives += 1;
      const key = comparable(each);
      const other = seen.get(key);
      if (other === undefined) seen.set(key, name);
      else {
        const place = one.anyOf === undefined ? [name] : [name, "anyOf", index];
        refuse(place, `expected other conditions than those of ${other}`, name);
      }
    });
  }
  if (names.length > most.cohorts) {
    refuse(
      [],
      `expected at most ${most.cohorts} cohorts: more rules would not all come before the weights`,
      names.length,
    );
  }
  if (alternatives > most.alternatives) {
    refuse(
      [],
      `expected at most ${most.alternatives} alternatives in all: a route holds no more`,
      alternatives,
    );
  }
}

/** The same for two that take the same requests, however they were written down. */
function comparable({ header = [], query = [], cookie = [] }: Alternative): string {
  const sorted = (kind: string, all: string[]) => all.map((one) => `${kind} ${one}`).sort();
  return [
    ...sorted(
      "header",
      header.map(({ name, value, pattern: text }) => JSON.stringify([name.toLowerCase(), value, text])),
    ),
    ...sorted(
      "query",
      query.map(({ name, value }) => JSON.stringify([name, value])),
    ),
    ...sorted(
      "cookie",
      cookie.map(({ name, value }) => JSON.stringify([name, value])),
    ),
  ].join("\n");
}
