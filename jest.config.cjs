/** Packages that are ES modules only: jest runs CommonJS, so they are transformed like our own code. */
const esModules = [
  "@kubernetes/client-node",
  "openid-client",
  "oauth4webapi",
  "jose",
  "execa",
  "@sindresorhus/merge-streams",
  "@sec-ant/readable-stream",
  "figures",
  "get-stream",
  "human-signals",
  "is-plain-obj",
  "is-stream",
  "is-unicode-supported",
  "npm-run-path",
  "parse-ms",
  "path-key",
  "pretty-ms",
  "signal-exit",
  "strip-final-newline",
  "unicorn-magic",
  "yoctocolors",
  "[^/]+-stream",
];

/**
 * Four projects: `fast` needs nothing but node; `cluster` needs the embedded cluster; `alone` needs it for itself,
 * because it takes parts of it down; `soak` is one long story.
 */
const shared = {
  rootDir: __dirname,
  testEnvironment: "node",
  transform: {
    "^.+\\.(t|j|mj)s$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules.join("|")})/)`],
  moduleNameMapper: { "^unicorn-magic$": "<rootDir>/node_modules/unicorn-magic/node.js" },
};

const needsCluster = ["<rootDir>/test/e2e/", "\\.cluster\\.test\\.ts$"];
const alone = "<rootDir>/test/e2e/alone/";
const soak = "<rootDir>/test/e2e/soak/";

module.exports = {
  projects: [
    {
      ...shared,
      displayName: "fast",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: needsCluster,
      // Every look at a global of the sandbox is slow, but for these, which nothing replaces.
      sandboxInjectedGlobals: ["Math", "Object", "Array", "JSON", "Error"],
    },
    {
      ...shared,
      displayName: "cluster",
      testMatch: ["<rootDir>/test/e2e/**/*.test.ts", "<rootDir>/test/**/*.cluster.test.ts"],
      testPathIgnorePatterns: [alone, soak],
    },
    { ...shared, displayName: "alone", testMatch: [`${alone}*.test.ts`] },
    { ...shared, displayName: "soak", testMatch: [`${soak}*.test.ts`] },
  ],
};
