import { generateKeyPairSync } from "node:crypto";
import { CompactSign, FlattenedSign } from "jose";
import { checkSignature, signDetached, signingKey, signPayload } from "../../evidence/signing";
import { accessOf, forged, keyOf, person } from "./keys";

const ann = person("ann", ["operations"]);
const bob = person("bob", ["business"]);
const access = accessOf(ann, bob);
const payload = new TextEncoder().encode('{"a": 1}');
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a signature", () => {
  test("is believed of who has the key, with the roles of the access file", async () => {
    expect(await checkSignature(await signPayload(payload, keyOf(ann), "note"), access)).toEqual({
      status: "valid",
      signer: { by: "ann", roles: ["operations"], keyId: "ann" },
      payload,
      type: "note",
    });
  });

  test("has a type only where it was given one", async () => {
    expect(await checkSignature(await signPayload(payload, keyOf(ann)), access)).toMatchObject({
      type: null,
    });
  });

  test("that lies beside its file is believed of exactly that file", async () => {
    const token = await signDetached(payload, keyOf(ann));
    expect(await checkSignature(token, access, payload)).toMatchObject({ status: "valid", payload });
    const edited = new TextEncoder().encode('{"a": 2}');
    expect(await checkSignature(token, access, edited)).toMatchObject({
      status: "wrong",
      problem: expect.stringContaining("not that of key ann"),
    });
    expect((await checkSignature(token, access)).status).toBe("wrong");
  });

  test("under somebody else's key id is found out", async () => {
    expect(await checkSignature(await signPayload(payload, forged(bob, ann)), access)).toMatchObject({
      status: "wrong",
      problem: expect.stringContaining("its signature is not that of key ann"),
    });
  });

  test("by a key that is in no access file is nobody's", async () => {
    const token = await signPayload(payload, keyOf(person("mallory")));
    expect(await checkSignature(token, access)).toEqual({
      status: "wrong",
      problem: "its key mallory is nobody's in the access file",
    });
  });

  test("of which anything was changed is none", async () => {
    const [header, body, signature] = (await signPayload(payload, keyOf(ann))).split(".");
    const tampered = [
      [header, base64url({ a: 2 }), signature],
      [base64url({ alg: "EdDSA", kid: "bob" }), body, signature],
      [base64url({ alg: "EdDSA", kid: "ann", typ: "other" }), body, signature],
      [base64url({ alg: "none", kid: "ann" }), body, ""],
      [header, body, ""],
    ];
    for (const parts of tampered) {
      expect((await checkSignature(parts.join("."), access)).status).toBe("wrong");
    }
  });

  test("by a secret that the public key is taken for is none", async () => {
    const secret = Buffer.from(ann.identity.keys[0]!.ed25519, "base64");
    const token = await new CompactSign(payload)
      .setProtectedHeader({ alg: "HS256", kid: "ann" })
      .sign(secret);
    expect((await checkSignature(token, access)).status).toBe("wrong");
  });

  test("without a key id is nobody's", async () => {
    const token = await new CompactSign(payload).setProtectedHeader({ alg: "EdDSA" }).sign(keyOf(ann).key);
    expect(await checkSignature(token, access)).toMatchObject({
      problem: "its key without id is nobody's in the access file",
    });
  });

  test.each(["", "a", "a.b.c", "....", "\u0000", "{}", "-----BEGIN PRIVATE KEY-----", "e30.e30.e30"])(
    "%j is none",
    async (token) => {
      expect((await checkSignature(token, access)).status).toBe("wrong");
    },
  );

  test("in another form of the same standard is not read", async () => {
    const flattened = await new FlattenedSign(payload)
      .setProtectedHeader({ alg: "EdDSA", kid: "ann" })
      .sign(keyOf(ann).key);
    expect((await checkSignature(JSON.stringify(flattened), access)).status).toBe("wrong");
  });
});

describe("a private key", () => {
  test("is known by its public half", () => {
    expect(signingKey(bob.pem, access).signer).toEqual({ by: "bob", roles: ["business"], keyId: "bob" });
  });

  test("that is nobody's is refused, with what to add to the access file", () => {
    const { pem, identity } = person("mallory");
    expect(() => signingKey(pem, access)).toThrow(identity.keys[0]!.ed25519);
  });

  test("of another kind is refused, and no message shows it", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    for (const text of [pem, "secret", ""]) {
      expect(() => signingKey(text, access)).toThrow(
        /^The key file holds no ed25519 private key in PEM \(openssl genpkey -algorithm ed25519\)\.$/,
      );
    }
  });
});
