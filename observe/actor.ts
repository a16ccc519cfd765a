import { userInfo } from "node:os";
import type { Actor } from "../policies/gates/input/governance";
import type { SnapshotSources } from "./snapshot";

/** Who runs this update. */
export async function observeActor(_sources: SnapshotSources): Promise<Actor> {
  return { name: claimedActor(), verifiedBy: null, roles: [] };
}

/** Who runs this, as the environment claims; nothing is decided by it. */
export function claimedActor(): string {
  return (
    process.env.RELEASE_ACTOR ??
    process.env.GITHUB_ACTOR ??
    process.env.GITLAB_USER_LOGIN ??
    userInfo().username
  );
}
