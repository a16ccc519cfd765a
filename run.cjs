/**
 * Runs a TypeScript file of this project: `node run.cjs <file.ts> [arguments]`; Pulumi's language host
 * requires this file itself and gets index.ts.
 */
const path = require("node:path");
const { load } = require("./load.cjs");

if (require.main === module) {
  const [file, ...args] = process.argv.slice(2);
  if (file === undefined) {
    console.error("usage: node run.cjs <file.ts> [arguments]");
    process.exit(2);
  }
  process.argv = [process.argv[0], path.resolve(__dirname, file), ...args];
  load(file);
} else {
  module.exports = load("index.ts");
}
