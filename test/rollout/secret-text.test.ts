import { withoutSecrets } from "../../rollout/secret-text";

const secret = "hunter2-canary";

describe("what looks like a secret is left out of a text", () => {
  test.each([
    `postgres://shop:${secret}@db/shop`,
    `invalid URL postgres://shop:p@${secret}@db/shop`,
    `invalid URL postgres://shop:p/${secret}@db/shop`,
    `https://${secret}@git.example/shop`,
    `PGPASSWORD=${secret} psql`,
    `psql --password ${secret} --host db`,
    `{"client_secret": "${secret}"}`,
    `Authorization: Bearer ${secret}`,
  ])("%s", (text) => {
    const kept = withoutSecrets(text);
    expect(kept).not.toContain(secret);
    expect(kept).toContain("(left out)");
  });

  test.each([
    `AKIA${"A1".repeat(8)}`,
    `ghp_${"a1".repeat(18)}`,
    `glpat-${"a1".repeat(10)}`,
    `xoxb-${"1".repeat(12)}-a`,
    `pul-${"0f".repeat(20)}`,
  ])("%s", (token) => {
    expect(withoutSecrets(`it said ${token}.`)).toBe("it said (token left out).");
  });
});

test.each([
  "Prometheus at http://prometheus:9090/path cannot be read: ECONNREFUSED",
  "http://gateway:8080/a@b is not asked",
  `local/shop@sha256:${"a".repeat(64)}`,
  "ann@example.com, as https://tickets.example/42 says",
  "2 of 3 tokens are in; the secret shop-db is missing",
])("%s: is kept", (text) => {
  expect(withoutSecrets(text)).toBe(text);
});
