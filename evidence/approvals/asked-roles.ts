import type { AccessPolicy } from "../../config/schemas/access";
import type { ChannelSection } from "../../config/schemas/channel";
import { defaultApprovalRules } from "../../config/schemas/governance";

type Section = Pick<ChannelSection, "approvals" | "permissions" | "hotfix" | "stages">;

function rulesOf({ approvals }: Section) {
  return approvals.rules ?? defaultApprovalRules;
}

/** Roles whose approval of this scope can count for something; null where that of any role can. */
export function askedFor(section: Section, scope: string): string[] | null {
  const { permissions, hotfix, stages } = section;
  if (scope === "low-traffic") return permissions.promote ?? null;
  if (scope === "hotfix") return hotfix?.roles ?? [];
  if (scope.startsWith("restore:")) return permissions.restore ?? [];
  const byRules = rulesOf(section)
    .filter(({ at }) => String(at) === scope)
    .flatMap(({ roles }) => roles);
  const isLater = scope === "finalize" || scope === "contract" || stages.includes(Number(scope));
  const instead = scope === "start" ? permissions.start : isLater ? permissions.promote : [];
  return [...new Set([...byRules, ...(instead ?? [])])];
}

/** Roles that the channel asks for and nobody has, each with the key that names it: misspelt, or not given yet. */
export function missingRoles(
  section: Section,
  { identities }: AccessPolicy,
): { role: string; key: string }[] {
  const held = new Set(identities.flatMap(({ roles }) => roles));
  const asked = [
    ...rulesOf(section).flatMap(({ roles }) =>
      roles.map((role) => ({ role, key: "channel.approvals.rules" })),
    ),
    ...Object.entries(section.permissions).flatMap(([name, roles]) =>
      (roles ?? []).map((role) => ({ role, key: `channel.permissions.${name}` })),
    ),
    ...(section.hotfix?.roles ?? []).map((role) => ({ role, key: "channel.hotfix.roles" })),
  ];
  return asked.filter(({ role }) => !held.has(role));
}
