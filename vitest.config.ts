import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongFilesFirst } from './test/support/setup/long-files-first.ts'

/** Most files spend most of their time waiting: for servers, for a timeout, for one that was killed. */
const maxWorkers = 2 * availableParallelism()

/**
 * `unit`: pure. `workflows`: a Temporal server of its own for each file. `servers`: against the servers of the instance whose
 * settings are in the environment (`npm test` starts one); each file has a database and a namespace of its own there. All of
 * them run at the same time.
 */
export default defineConfig({
  test: {
    maxWorkers,
    // What tests print is shown if they fail.
    silent: 'passed-only',
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'stack/**/*.test.ts', 'test/unit/**/*.test.ts'],
          exclude: ['src/workflows/**'],
          testTimeout: 20_000,
          // Pure: files of one worker share what they import, which saves a quarter of their time.
          isolate: false,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'workflows',
          include: ['src/workflows/**/*.test.ts', 'test/replay/**/*.test.ts'],
          hookTimeout: 60_000,
          testTimeout: 60_000,
          isolate: false,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'servers',
          include: ['test/{integration,property,e2e}/**/*.test.ts'],
          globalSetup: ['test/support/setup/instance.ts'],
          setupFiles: ['test/support/setup/own-database.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Files of one worker share what they import, which halves the processor time of the test processes. What a module
          // keeps for a file goes by the file's own database, index or namespace.
          isolate: false,
          maxWorkers,
        },
      },
    ],
  },
})
