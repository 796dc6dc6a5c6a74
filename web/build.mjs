// Bundles src/ into the two files that the Python package carries, or into the folder given as the first argument.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = process.argv[2] ?? fileURLToPath(new URL("../src/musaic/report", import.meta.url));

await build({
  absWorkingDir: here,
  entryPoints: { musaic: "src/main.js" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  charset: "ascii", // the script stands inside pages of any encoding
  legalComments: "none",
  logLevel: "warning",
});
