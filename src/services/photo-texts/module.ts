import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createReadTexts } from './read-texts.ts'
import { wakeReader } from './wake-reader.ts'

/** The media worker's side: it reads. */
export function openTextReading({ db, objects, archive, textReader: reader }: Clients, { outbox }: Delivery) {
  return { readTexts: createReadTexts({ db, objects, archive, outbox, reader }) }
}

/** The orchestration's side: it has the reader run, unless the settings want none. */
export function openTextReaderWatch(
  { config, db, temporal, logger }: Clients,
  { starts }: Pick<Delivery, 'starts'>,
) {
  return {
    background: async (signal: AbortSignal) => {
      if (config.READ_TEXT_IN_PHOTOS) await wakeReader({ db, temporal, starts, logger }, signal)
    },
  }
}
