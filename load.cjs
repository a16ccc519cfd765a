/**
 * Loads a TypeScript file of this project, bundled with the packages it uses: no build step, no type-checking.
 * Making the bundle takes longer than anything else before a program begins, so it is kept beside the packages,
 * and used again as long as every file that went into it is what it was.
 */
const { createHash } = require("node:crypto");
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const path = require("node:path");
const Module = require("node:module");
const sourceMaps = require("source-map-support");

const keptDir = path.join(__dirname, "node_modules/.cache/release-channels/bundles");
/** npm's account of the installed packages, which it writes anew at every installation. */
const installed = module.paths.map((dir) => path.join(dir, ".package-lock.json")).find(existsSync);
/** Left out: what the language host has loaded already, and what looks for files of its own. */
const external = ["@pulumi/*", "@cyclonedx/*", "esbuild", "source-map-support"];

/** Entry → how to come by the map of its bundle, which is large, and which only an error needs. */
const mapOf = new Map();
sourceMaps.install({
  environment: "node",
  handleUncaughtExceptions: false,
  overrideRetrieveSourceMap: true,
  retrieveSourceMap: (file) => (mapOf.has(file) ? { url: file, map: mapOf.get(file)() } : null),
});

function load(file) {
  const entry = path.resolve(__dirname, file);
  const code = kept(entry) ?? made(entry);
  const bundle = new Module(entry, module);
  bundle.filename = entry;
  bundle.paths = module.paths;
  bundle._compile(code, entry);
  return bundle.exports;
}

function kept(entry) {
  const file = keptFile(entry);
  try {
    const code = readFileSync(file, "utf8");
    const { inputs, digest } = JSON.parse(code.slice(code.lastIndexOf("\n//") + 3));
    if (digest !== digestOf(inputs)) return undefined;
    mapOf.set(entry, () => readFileSync(`${file}.map`, "utf8"));
    return code;
  } catch {
    // None was kept, or a file of which it was made is no more.
    return undefined;
  }
}

function made(entry) {
  const { outputFiles, metafile } = require("esbuild").buildSync({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    external,
    banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
    define: { "import.meta.url": "bundleUrl" },
    sourcemap: "external",
    sourcesContent: false,
    outfile: entry,
    allowOverwrite: true,
    logLevel: "error",
    absWorkingDir: __dirname,
  });
  const [map, bundle] = outputFiles.sort((left, right) => right.path.length - left.path.length);
  mapOf.set(entry, () => map.text);
  const inputs = Object.keys(metafile.inputs).filter((input) => !input.includes("node_modules/"));
  keep(keptFile(entry), bundle.text, inputs, map.text);
  return bundle.text;
}

function keep(file, bundle, inputs, map) {
  try {
    const code = `${bundle}\n//${JSON.stringify({ inputs, digest: digestOf(inputs) })}`;
    mkdirSync(keptDir, { recursive: true });
    for (const [name, text] of [
      [`${file}.map`, map],
      [file, code],
    ]) {
      const unfinished = `${name}.${process.pid}`;
      writeFileSync(unfinished, text);
      renameSync(unfinished, name);
    }
  } catch {
    // Packages of which npm has no account, or a folder that cannot be written to, cost time and nothing else.
  }
}

function keptFile(entry) {
  return path.join(keptDir, `${path.relative(__dirname, entry).replaceAll(path.sep, "-")}.cjs`);
}

function digestOf(inputs) {
  const hash = createHash("sha256");
  for (const input of [installed, __filename, ...inputs]) {
    hash.update(`${input}\n`).update(readFileSync(path.resolve(__dirname, input)));
  }
  return hash.digest("hex");
}

module.exports = { load };
