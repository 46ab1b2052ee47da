import { openPlaces, type PlaceOf } from '../../infra/geo/places.ts'
import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { askForOriginals } from './ask-for-originals.ts'
import { emptyExport, finishExport, planExport } from './export-steps.ts'
import { createExports } from './exports.ts'
import { writePart, type WriterDeps } from './write-archive.ts'

/** The owners' side. */
export function openExports({ db, objects }: Clients, { outbox }: Delivery) {
  return { exports: createExports({ db, objects, outbox }) }
}

/** The workflows' side. */
export function openExportSteps({ config, db, objects, archive, logger }: Clients) {
  const { primary } = db
  const steps = { db, objects, logger, keptDays: config.EXPORT_DAYS }
  // Read by the first export of this process.
  let places: Promise<PlaceOf> | undefined
  const writer = async (): Promise<WriterDeps> => {
    places ??= openPlaces()
    return { db, primary, objects, archive, logger, placeOf: await places }
  }
  return {
    plan: (exportId: string) => planExport(db, exportId),
    ask: (exportId: string, after: string | null) => askForOriginals({ primary, archive }, exportId, after),
    writePart: async (exportId: string) => writePart(await writer(), exportId),
    finish: (exportId: string) => finishExport(steps, exportId),
    empty: (exportId: string) => emptyExport(steps, exportId),
    progress: async (exportId: string) => {
      const [row] = await primary<{ parts: number; photos: number }>({
        text: 'SELECT parts, photos FROM account_exports WHERE export_id = $1',
        values: [exportId],
      })
      return row ?? { parts: 0, photos: 0 }
    },
  }
}

export type ExportSteps = ReturnType<typeof openExportSteps>
