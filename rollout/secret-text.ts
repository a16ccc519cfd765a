/** `postgres://user:password@host` */
export const urlWithPassword = /[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]*:[^\s/@]+@/i;
export const privateKeyBlock = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** What a password, a key or a token looks like in a text, and what stands in its place where it is kept. */
const shapes: [RegExp, string][] = [
  // Also with `@` or `/` in the password, as nobody should write it: messages that complain of it quote it.
  [/([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@:]*:(?!\d+\/)[^\s"'<>]*@/gi, "$1(left out)@"],
  [/([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@]+@/gi, "$1(left out)@"],
  [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
    "(private key left out)",
  ],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, "(token left out)"],
  // Of clouds, forges, chats, vaults.
  [
    /\b((AKIA|ASIA)[0-9A-Z]{16}|gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,}|hvs\.[\w-]{20,}|pul-[0-9a-f]{40})/g,
    "(token left out)",
  ],
  [/\b(Bearer|Basic) [\w.~+/=-]{8,}/gi, "$1 (left out)"],
  [
    /\b([\w-]*(?:password|passwd|passphrase|secret|token|api[_-]?key)[\w-]*["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s,;&"']+)/gi,
    "$1(left out)",
  ],
  [/(\s--?[\w-]*(?:password|passwd|passphrase|secret|token|api-?key)\s+)[^\s-]\S*/gi, "$1(left out)"],
];

/** A text without what looks like a secret: messages of other programs may quote what they were given. */
export function withoutSecrets(text: string): string {
  return shapes.reduce((masked, [shape, instead]) => masked.replaceAll(shape, instead), text);
}
