import { defineConfig } from "vitest/config";

/** Packages of the workspace are run from their sources. Not "import": Node would require() by it. */
const conditions = ["source", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  // The global setup is loaded in this one.
  environments: { __vitest__: { resolve: { conditions } } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "services/*/src/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["packages/testkit/src/global-setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
