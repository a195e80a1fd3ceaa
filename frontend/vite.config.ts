import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
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
    license: { fileName: "licences.md" },
    rolldownOptions: { input: "src/main.ts", checks: { pluginTimings: false } },
  },
  worker: { format: "es" },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
