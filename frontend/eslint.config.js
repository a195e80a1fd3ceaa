import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";

import svelteConfig from "./svelte.config.js";

export default ts.config(
  { ignores: ["node_modules", "dist"] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.worker } },
    rules: {
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "no-restricted-globals": [
        "error",
        { name: "fetch", message: "Only src/api.ts talks to the server." },
      ],
      // Plain links through our own router; there is no SvelteKit here.
      "svelte/no-navigation-without-resolve": "off",
    },
  },
  { files: ["src/api.ts"], rules: { "no-restricted-globals": "off" } },
  {
    // The viewer knows pictures and pointers, nothing of the server or of the screens.
    files: ["src/viewer/**"],
    rules: {
      "no-restricted-imports": ["error", { patterns: ["**/api", "**/screens/*", "**/outbox"] }],
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
);
