/** What the engine's policy host requires: the pack, bundled in memory. */
module.exports = require("../load.cjs").load("policies/index.ts");
