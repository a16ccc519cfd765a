import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import { z } from "zod";
import type { AccessPolicy } from "../config/schemas/access";

type Identity = AccessPolicy["identities"][number];
type TokenIdentity = Identity & { token: NonNullable<Identity["token"]> };

/** Also a rollback asks, and must not wait for an issuer that does not answer. */
const fetchTimeoutMilliseconds = 2_000;

/** Between the clocks of the issuer and of this machine. */
const clockToleranceSeconds = 30;

/** Signatures by public key only: whoever can check a token must not be able to make one. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

/** OpenID Connect Discovery 1.0, section 3; the rest of it is of no concern. */
const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });
const keySetFile = z.object({ keys: z.array(z.object({ kty: z.string() }).loose()) });

/**
 * Who a CI system's OpenID Connect token belongs to, by its issuer's keys. No message holds any part of the token's
 * signature.
 * @param projectDir where key sets on disk are looked for
 */
export async function identityOfToken(
  token: string,
  access: AccessPolicy,
  projectDir: string,
): Promise<{ identity: Identity } | { problem: string }> {
  try {
    const claims = decodeJwt(token);
    const identity = access.identities.find(
      (one): one is TokenIdentity =>
        one.token !== undefined && one.token.issuer === claims.iss && one.token.subject === claims.sub,
    );
    if (identity === undefined) {
      return {
        problem: `the access file knows nobody with issuer ${JSON.stringify(claims.iss)} and subject ${JSON.stringify(claims.sub)}`,
      };
    }
    const { issuer, audience, subject } = identity.token;
    await jwtVerify(token, await issuerKeys(identity.token, projectDir), {
      issuer,
      audience,
      subject,
      algorithms,
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ["exp"],
    });
    return { identity };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

async function issuerKeys(
  { issuer, keySet }: TokenIdentity["token"],
  projectDir: string,
): Promise<JWTVerifyGetKey> {
  if (keySet !== undefined) {
    const text = await readFile(resolve(projectDir, keySet), "utf8");
    const parsed = keySetFile.safeParse(JSON.parse(text));
    if (!parsed.success) throw new Error(`${keySet} is no JSON Web Key Set`);
    return createLocalJWKSet(parsed.data as JSONWebKeySet);
  }
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const told = discovery.safeParse(await fetchJson(address));
  if (!told.success) throw new Error(`${address} describes no issuer`);
  if (told.data.issuer !== issuer) throw new Error(`${address} describes another issuer`);
  return createRemoteJWKSet(new URL(told.data.jwks_uri), { timeoutDuration: fetchTimeoutMilliseconds });
}

async function fetchJson(address: string): Promise<unknown> {
  try {
    const signal = AbortSignal.timeout(fetchTimeoutMilliseconds);
    const answer = await fetch(address, { redirect: "error", signal });
    return await answer.json();
  } catch (error) {
    throw new Error(`${address} cannot be asked for the issuer's keys: ${(error as Error).message}`);
  }
}
