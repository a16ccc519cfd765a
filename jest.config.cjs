/** Two projects: `fast` needs nothing but node; `cluster` needs the embedded cluster or one of your own. */
const shared = {
  rootDir: __dirname,
  testEnvironment: "node",
  transform: {
    "^.+\\.(t|j|mj)s$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }],
  },
  transformIgnorePatterns: [
    "/node_modules/(?!(@kubernetes/client-node|openid-client|oauth4webapi|jose|execa|[^/]+-stream)/)",
  ],
};
module.exports = {
  projects: [
    {
      ...shared,
      displayName: "fast",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["<rootDir>/test/e2e/", "<rootDir>/test/local/.*\\.cluster\\.test\\.ts$"],
    },
    {
      ...shared,
      displayName: "cluster",
      testMatch: ["<rootDir>/test/e2e/**/*.test.ts", "<rootDir>/test/local/**/*.cluster.test.ts"],
    },
  ],
};
