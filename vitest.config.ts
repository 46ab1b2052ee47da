import { defineConfig } from 'vitest/config'

/**
 * `unit`: pure, in parallel. `workflows`: a Temporal server of its own for each file. `servers`: against the servers of the
 * instance whose settings are in the environment (`npm test` starts one), one file after the other.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'stack/**/*.test.ts', 'test/unit/**/*.test.ts'],
          exclude: ['src/workflows/**'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'workflows',
          include: ['src/workflows/**/*.test.ts', 'test/replay/**/*.test.ts'],
          hookTimeout: 60_000,
          maxWorkers: 2,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'servers',
          include: ['test/{integration,property,e2e}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
