import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import * as yauzl from 'yauzl'
import { storageOf } from '../../../src/infra/s3/storage-of.ts'
import type { UserId } from '../../../src/domain/ids.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import { openArchive, type Archive } from '../../../src/infra/s3/archive.ts'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import { exportKey } from '../../../src/services/exports/export-row.ts'
import { emptyExport, finishExport, planExport } from '../../../src/services/exports/export-steps.ts'
import { createExports } from '../../../src/services/exports/exports.ts'
import { writePart } from '../../../src/services/exports/write-archive.ts'
import { mortals, type Death } from '../mortal.ts'
import { openUploadWorld, silent, type UploadWorld } from './upload-world.ts'

const UNDYING: Death = { at: 0, isDone: false }

/** Exports without their workflow: each step as a process does it that may die. */
export interface ExportSteps {
  /** Asks for one, as POST does. */
  ask(owner: UserId): Promise<string>
  /** The next part. */
  part(exportId: string, options?: StepOptions): ReturnType<typeof writePart>
  finish(exportId: string, options?: StepOptions): Promise<void>
  empty(exportId: string): Promise<void>
  /** As DELETE does, and its workflow; then its row is forgotten. */
  forget(exportId: string): Promise<void>
  /** Until it is ready, or in the hands of a process that dies. */
  run(exportId: string, options?: StepOptions): Promise<void>
  /** The object, as its owner downloads it. */
  download(exportId: string): Promise<Buffer>
}

export interface ExportWorld extends UploadWorld, ExportSteps {
  archive: Archive
}

interface StepOptions {
  death?: Death
  archive?: Archive
}

/** S3 takes no smaller part but the last. */
export const SMALLEST_PART_BYTES = 5 * 1024 ** 2

export async function openExportWorld(): Promise<ExportWorld> {
  const world = await openUploadWorld()
  const { config } = world
  const archive = openArchive({
    ...storageOf(config),
    bucket: config.S3_COLD_BUCKET!,
    restoreTier: 'Standard',
    restoredDays: 7,
  })
  return {
    ...world,
    ...exportsOver({ ...world, archive }),
    archive,
    async close() {
      archive.close()
      await world.close()
    },
  }
}

/** The steps of exports, over the stores of any world. */
export function exportsOver({
  db,
  objects,
  archive,
}: {
  db: Database
  objects: ObjectStore
  archive: Archive
}): ExportSteps {
  function stepsOf({ death = UNDYING, ...options }: StepOptions = {}) {
    const stores = mortals({ db, objects, archive: options.archive ?? archive }, death)
    const deps = {
      ...stores,
      primary: stores.db.primary,
      logger: silent,
      placeOf: () => null,
      partBytes: SMALLEST_PART_BYTES,
      keptDays: 7,
    }
    return {
      plan: (exportId: string) => planExport(stores.db, exportId),
      part: (exportId: string) => writePart(deps, exportId),
      finish: (exportId: string) => finishExport(deps, exportId),
      empty: (exportId: string) => emptyExport(deps, exportId),
    }
  }
  return {
    async ask(owner) {
      const outbox = { dispatch: async () => undefined }
      return (await createExports({ db, objects, outbox }).create(owner)).exportId
    },
    part: (exportId, options) => stepsOf(options).part(exportId),
    finish: (exportId, options) => stepsOf(options).finish(exportId),
    empty: (exportId) => stepsOf().empty(exportId),
    async forget(exportId) {
      await db.primary({
        text: `UPDATE account_exports SET status = 'deleted' WHERE export_id = $1`,
        values: [exportId],
      })
      await stepsOf().empty(exportId)
      await db.primary({ text: 'DELETE FROM account_exports WHERE export_id = $1', values: [exportId] })
    },
    async run(exportId, options) {
      const steps = stepsOf(options)
      for (;;) {
        const plan = await steps.plan(exportId)
        if (plan.state !== 'preparing') return
        if (plan.isWritten) await steps.finish(exportId)
        else if ((await steps.part(exportId)) === 'cold') throw new Error('an original is cold')
      }
    },
    download: async (exportId) => buffer((await objects.read(exportKey(exportId))).body),
  }
}

/** What an independent reader finds in an archive: each file's bytes by its name. */
export async function unzipped(zip: Buffer): Promise<Map<string, Buffer>> {
  const file = await yauzl.fromBufferPromise(zip, { strictFileNames: true })
  const files = new Map<string, Buffer>()
  for await (const entry of file.eachEntry()) {
    if (files.has(entry.fileName)) throw new Error(`${entry.fileName} is there twice`)
    files.set(entry.fileName, await buffer(await file.openReadStreamPromise(entry)))
  }
  return files
}

/** What another reader says, which checks every checksum; throws if anything is wrong. */
export async function checkZip(zip: Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-zip-'))
  try {
    await writeFile(join(folder, 'a.zip'), zip)
    const { stdout } = await promisify(execFile)('python3', ['-m', 'zipfile', '-t', join(folder, 'a.zip')])
    return stdout.trim()
  } finally {
    await rm(folder, { recursive: true })
  }
}
