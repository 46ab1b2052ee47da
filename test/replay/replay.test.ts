import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { globSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { hostname } from 'node:os'
import { bundleWorkflowCode, Worker } from '@temporalio/worker'
import { beforeAll, describe, expect, it } from 'vitest'
import { ensureWorkflowBundle } from '../../src/workers/workflow-bundle.ts'
import '../support/servers/quiet-runtime.ts'

const root = join(import.meta.dirname, '..', '..')
const histories = globSync(join(import.meta.dirname, 'histories', '*', '*.json')).sort()
const read = async (file: string): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'))

const historyOf = (release: string, name: string): string =>
  join(import.meta.dirname, 'histories', release, `${name}.json`)

let codePath: string
beforeAll(async () => {
  codePath = await ensureWorkflowBundle()
})

describe('stored histories', () => {
  it('exist for every workflow', () => {
    const names = new Set(histories.map((file) => basename(file)))
    for (const name of [
      'photo-upload-ready',
      'photo-upload-embedded',
      'photo-upload-rendered-singly',
      'photo-upload-cancelled',
      'photo-sync-narrowed',
      'photo-sync-downloads',
      'account-erasure',
      'account-erasure-cancelled',
      'account-standing',
      'account-sync-narrowed',
      'share-link-expired',
      'share-link-revoked',
      'audience-sync-narrowed',
      'notification-writer',
      'photo-fanout-pushed',
      'photo-fanout-sharded',
      'fanout-shard',
      'housekeeping',
      'feed-collection',
      'library-embedding',
      'library-reencode',
      'library-reencode-cancelled',
      'avatar-upload',
      'avatar-upload-refused',
      'photo-sync-avatar',
      'search-reindex',
      'search-reindex-abandoned',
      'search-drift',
      'discovery-ranking',
      'text-reader',
      'webhook-delivery',
      'web-push-sender',
    ]) {
      expect(names).toContain(`${name}.json`)
    }
  })

  it.each(histories.map((file) => [relative(import.meta.dirname, file), file]))(
    '%s replays',
    async (_, file) => {
      await Worker.runReplayHistory({ workflowBundle: { codePath } }, await read(file))
    },
  )

  it.each(histories.map((file) => [relative(import.meta.dirname, file), file]))(
    '%s reveals nothing of the machine that recorded it',
    async (_, file) => {
      const text = await readFile(file, 'utf8')
      expect(text).not.toContain(root)
      expect(text).not.toContain(hostname())
      expect(text).not.toMatch(/\d+@\w/)
    },
  )
})

/** Bundles the workflows with one change, in photoUpload unless another file is named. */
async function bundleWith(
  search: string,
  replacement: string,
  changed = join('photo-upload', 'workflow.ts'),
): Promise<string> {
  await mkdir(join(root, 'build'), { recursive: true })
  const copy = await mkdtemp(join(root, 'build', 'changed-'))
  try {
    for (const part of ['workflows', 'contracts', 'domain']) {
      await cp(join(root, 'src', part), join(copy, part), { recursive: true })
    }
    const file = join(copy, 'workflows', changed)
    const source = await readFile(file, 'utf8')
    expect(source.split(search)).toHaveLength(2)
    await writeFile(file, source.replace(search, replacement))
    const { code } = await bundleWorkflowCode({ workflowsPath: join(copy, 'workflows', 'index.ts') })
    return code
  } finally {
    await rm(copy, { recursive: true })
  }
}

describe('a change that is not deterministic', () => {
  const history = historyOf('v0.1', 'photo-upload-ready')

  it('fails the replay: an extra step', async () => {
    const code = await bundleWith(
      'const published = original.published ?? (await steps.publish({ photoId }))',
      'await steps.startFanout({ photoId, ownerId })\n  const published = original.published ?? (await steps.publish({ photoId }))',
    )
    await expect(
      Worker.runReplayHistory({ workflowBundle: { code } }, await read(history)),
    ).rejects.toMatchObject({ name: 'DeterminismViolationError' })
  })

  it('fails the replay: steps in another order', async () => {
    const code = await bundleWith(
      `    track(progress, 'search', () => steps.index({ photoId })),
    track(progress, 'fanout', () => steps.startFanout({ photoId, ownerId })),`,
      `    track(progress, 'fanout', () => steps.startFanout({ photoId, ownerId })),
    track(progress, 'search', () => steps.index({ photoId })),`,
    )
    await expect(
      Worker.runReplayHistory({ workflowBundle: { code } }, await read(history)),
    ).rejects.toMatchObject({ name: 'DeterminismViolationError' })
  })

  it.each([
    [
      'v0.1',
      'photo-upload-rendered-singly',
      'photo-upload/variants.ts',
      '!patched(VARIANTS_FROM_ACTIVITY)',
      'false',
    ],
    ['v0.1', 'photo-upload-cancelled', 'photo-upload/workflow.ts', 'patched(CANCELLED_STAGE)', 'true'],
    ['v0.1', 'housekeeping', 'housekeeping/workflow.ts', '!patched(SWEEPS_FROM_ACTIVITY)', 'false'],
    ['v0.2', 'photo-sync-narrowed', 'photo-sync/workflow.ts', '!patched(RETRACTION_LANES)', 'false'],
  ])('fails the replay of %s/%s without its patched()', async (release, name, file, guard, unguarded) => {
    const code = await bundleWith(`if (${guard})`, `if (${unguarded})`, file)
    await expect(
      Worker.runReplayHistory({ workflowBundle: { code } }, await read(historyOf(release, name))),
    ).rejects.toMatchObject({ name: 'DeterminismViolationError' })
  })

  // A marker in a history replays as long as the code deprecates its patch, and no longer (ADR 13).
  it.each([
    ['deprecated', '(deprecatePatch(id), true)', undefined],
    ['removed', 'id !== undefined', 'DeterminismViolationError'],
  ])('replays a marker of v0.2 only as long as its patch is kept: %s', async (_, patched, failure) => {
    const code = await bundleWith(
      `import { isCancellation, patched } from '@temporalio/workflow'`,
      `import { deprecatePatch, isCancellation } from '@temporalio/workflow'
const patched = (id: string): boolean => ${patched}`,
      'photo-upload/variants.ts',
    )
    const replay = Worker.runReplayHistory(
      { workflowBundle: { code } },
      await read(historyOf('v0.2', 'photo-upload-rendered-singly')),
    )
    if (failure) await expect(replay).rejects.toMatchObject({ name: failure })
    else await replay
  })

  it('passes if it changes only what is shown', async () => {
    const code = await bundleWith(`'running')\n  const published`, `'running', 'soon')\n  const published`)
    await Worker.runReplayHistory({ workflowBundle: { code } }, await read(history))
  })
})
