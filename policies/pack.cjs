/** What the engine's policy host requires: the pack, bundled. */
module.exports = require("../load.cjs").load("policies/index.ts");
