import { Counter } from 'prom-client'
import type { Logger } from './logger.ts'

const strayed = new Counter({
  name: 'darkroom_library_embedding_strays_total',
  help: 'Photos that a run through the library had embedded, and that another model answered for than the run goes by',
})

/** The service has changed its model meanwhile, or it runs two at once: vectors of one are not compared with those of the other. */
export function photoStrayed(logger: Logger, models: { expected: string; answered: string }): void {
  strayed.inc()
  logger.warn(models, 'a photo was embedded by another model than the run goes by')
}
