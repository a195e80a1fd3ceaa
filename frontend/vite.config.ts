import { appendFile, readFile } from "node:fs/promises";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const LICENCES = "licences.md";
const CODEC = "@cornerstonejs/codec-charls";

/** The decoder is a bundle of its own, in a worker, which Vite's list of licences leaves out. */
const licencesOfTheDecoder = {
  name: "licences-of-the-decoder",
  async closeBundle() {
    if (process.env.VITEST) return;
    const [wrapper, charls] = await Promise.all([
      readFile(`node_modules/${CODEC}/LICENSE`, "utf8"),
      readFile("licences/charls.txt", "utf8"),
    ]);
    const both = `\n## ${CODEC} - MIT\n\n${wrapper}\n## CharLS - BSD-3-Clause\n\n${charls}`;
    await appendFile(`../annotation/static/app/${LICENCES}`, both);
  },
};

export default defineConfig({
  plugins: [svelte(), licencesOfTheDecoder],
  // Django serves one page for every address and reads the manifest to find these files.
  base: "/static/app/",
  build: {
    outDir: "../annotation/static/app",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    // The Content-Security-Policy allows no data: scripts or fonts; keep every asset a file.
    assetsInlineLimit: 0,
    // Their licences ask that copies of the code carry them.
    license: { fileName: LICENCES },
    rolldownOptions: { input: "src/main.ts", checks: { pluginTimings: false } },
  },
  worker: { format: "es" },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
