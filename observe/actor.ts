import { userInfo } from "node:os";
import type { AccessPolicy } from "../config/schemas/access";
import type { Actor } from "../policies/gates/input/governance";
import { identityOfToken } from "./identity-token";
import { ask, type Cluster } from "./kubernetes";
import type { SnapshotSources } from "./snapshot";

/** Also a rollback asks who it is by, and must not wait for the answer. */
const reviewTimeoutMilliseconds = 2_000;

/**
 * Who runs this update: as a CI token says, else as the cluster knows the user of the kubeconfig, else as the
 * environment claims. Without an access file nobody has a role, and nobody is asked. Never throws: whoever cannot be
 * recognised has a claimed name and no roles, which opens nothing.
 */
export async function observeActor({
  cluster,
  policies,
  projectDir,
}: Pick<SnapshotSources, "cluster" | "policies" | "projectDir">): Promise<Actor> {
  const problems: string[] = [];
  try {
    const access = policies.access();
    if (access === null) return claimedActor();
    const token = process.env.RELEASE_OIDC_TOKEN;
    if (token !== undefined && token !== "") {
      const answer = await identityOfToken(token, access, projectDir);
      if ("identity" in answer) {
        const { name, roles } = answer.identity;
        return { name, verifiedBy: "token", roles };
      }
      problems.push(`RELEASE_OIDC_TOKEN: ${answer.problem}`);
    }
    const actor = await reviewedActor(cluster, access);
    if (actor !== null) return actor;
    problems.push("the cluster cannot tell who its user is");
  } catch (error) {
    problems.push((error as Error).message);
  }
  return { ...claimedActor(), problem: problems.join("; ") };
}

/** By the cluster's own SelfSubjectReview; a user whom the access file does not know has no roles. */
async function reviewedActor(cluster: Cluster, access: AccessPolicy): Promise<Actor | null> {
  const review = await ask(
    cluster,
    "who its user is",
    (options) => cluster.authentication.createSelfSubjectReview({ body: {} }, options),
    reviewTimeoutMilliseconds,
  );
  const username = review?.status?.userInfo?.username;
  if (username === undefined || username === "" || username === "system:anonymous") return null;
  const identity = access.identities.find((one) => one.cluster?.username === username);
  return { name: identity?.name ?? username, verifiedBy: "cluster", roles: identity?.roles ?? [] };
}

/** Who runs this, as the environment claims; nothing is decided by it. */
export function claimedActor(): Actor {
  const { RELEASE_ACTOR, GITHUB_ACTOR, GITLAB_USER_LOGIN } = process.env;
  const name = RELEASE_ACTOR || GITHUB_ACTOR || GITLAB_USER_LOGIN || machineUser();
  return { name, verifiedBy: null, roles: [] };
}

/** In a container a user need not have a name. */
function machineUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
