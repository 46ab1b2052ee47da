import type { z } from 'zod'
import type { ReadErasure } from '../../../services/leaving/read-erasure.ts'
import type { GetErasure } from './schema.ts'

type Shown = z.infer<(typeof GetErasure)['responses'][200]>['erasure']

export function presentErasure(erasure: ReadErasure): Shown {
  return {
    id: erasure.erasureId,
    state: erasure.state,
    requestedAt: erasure.requestedAt.toISOString(),
    startsAt: erasure.startsAt.toISOString(),
    completedAt: erasure.completedAt?.toISOString() ?? null,
    expiresAt: erasure.expiresAt?.toISOString() ?? null,
    stores: erasure.stores.map(({ store, items }) => ({
      store,
      removed: items.map((item) => ({
        what: item.what,
        count: item.removed,
        verifiedAt: item.verifiedAt?.toISOString() ?? null,
      })),
    })),
    kept: erasure.kept.map((item) => ({ ...item, until: item.until?.toISOString() ?? null })),
  }
}
