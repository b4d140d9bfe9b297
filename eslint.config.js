// Rules for the components' JavaScript; `make check` runs them beside the type checker.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "max-lines": ["error", { max: 420, skipComments: true }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Make elements (shared/dom.js): what is shown may come from outside." },
        { property: "outerHTML", message: "Make elements (shared/dom.js)." },
        { property: "insertAdjacentHTML", message: "Make elements (shared/dom.js)." },
      ],
      "no-shadow": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
  { files: ["ui/**/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tests/components/**/*.js", "*.js"], languageOptions: { globals: globals.node } },
  { ignores: [".venv/", ".oracle/", "node_modules/"] },
];
