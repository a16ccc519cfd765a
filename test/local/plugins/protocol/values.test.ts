import * as rpc from "@pulumi/pulumi/runtime/rpc";
import {
  assign,
  at,
  type Bag,
  containsSecret,
  containsUnknown,
  equal,
  remove,
  secret,
  secretSignature,
  signatureKey,
  stripSecrets,
  unknown,
} from "../../../../local/plugins/protocol/values";

test("the signatures are those of the SDK", () => {
  expect({ signatureKey, secretSignature, unknown }).toEqual({
    signatureKey: rpc.specialSigKey,
    secretSignature: rpc.specialSecretSig,
    unknown: rpc.unknownValue,
  });
});

test("secrets and unknown values are found at any depth", () => {
  expect(containsSecret({ a: [{ b: secret("1") }] })).toBe(true);
  expect(containsSecret({ a: [{ b: "1" }] })).toBe(false);
  expect(containsUnknown({ a: secret([unknown]) })).toBe(true);
});

test("a secret is marked once, and revealed with all that is in it", () => {
  const nested = secret({ a: secret("1") });
  expect(secret(nested)).toBe(nested);
  expect(stripSecrets([nested])).toEqual([{ a: "1" }]);
});

test("keys are renamed on the way", () => {
  expect(stripSecrets({ a_b: [{ a_b: 1 }] }, (key) => key.replace("_", "-"))).toEqual({
    "a-b": [{ "a-b": 1 }],
  });
});

test("equality does not depend on the order of keys", () => {
  expect(equal({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 })).toBe(true);
  expect(equal({ a: 1 }, { a: 1, b: 2 })).toBe(false);
  expect(equal([1, 2], [2, 1])).toBe(false);
});

test("fields are found, set and removed by their path", () => {
  const object: Bag = { metadata: { name: "a" } };
  assign(object, ["metadata", "labels", "color"], "blue");
  expect(at(object, "metadata", "labels", "color")).toBe("blue");
  remove(object, "metadata", "name");
  remove(object, "spec", "replicas");
  expect(object).toEqual({ metadata: { labels: { color: "blue" } } });
});
