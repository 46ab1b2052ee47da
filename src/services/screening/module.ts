import type { PhotoId } from '../../domain/ids.ts'
import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { trustOfAuthor } from './author-trust.ts'
import { createBlockList } from './block-list.ts'
import { createEscalations } from './escalate.ts'
import { readPolicy } from './policy.ts'
import { createJudgePicture } from './judge-picture.ts'
import { enforceLastVerdict } from './record-verdict.ts'
import { createLibraryScreener } from './screen-library.ts'
import { createScreening } from './screen-photo.ts'

/** The media worker's side: it looks at pictures. */
export function openScreening({ config, db, objects, archive, classifier }: Clients, { outbox }: Delivery) {
  const policy = readPolicy(config)
  const blockList = createBlockList(db)
  const fanoutShardThreshold = config.FANOUT_SHARD_THRESHOLD
  const screening = createScreening({
    db,
    objects,
    archive,
    outbox,
    blockList,
    classifier,
    policy,
    fanoutShardThreshold,
  })
  return {
    screening,
    judgePicture: createJudgePicture({ blockList, classifier, policy }),
    screener: createLibraryScreener({ db, screening, classifier, policy }),
    /** What the settings say of a photo whose original is valid. */
    planOf: async (photoId: PhotoId) => policy.planFor(await trustOfAuthor(db.primary, photoId)),
  }
}

/** The orchestration's side: it only records what people decide. */
export function openModerationSteps({ config, db, objects, archive, logger }: Clients, { outbox }: Delivery) {
  const policy = readPolicy(config)
  const blockList = createBlockList(db)
  return {
    screening: createScreening({
      db,
      objects,
      archive,
      outbox,
      blockList,
      classifier: undefined,
      policy,
      fanoutShardThreshold: config.FANOUT_SHARD_THRESHOLD,
    }),
    escalations: createEscalations({ db, outbox, logger }),
    verdicts: { enforce: enforceLastVerdict, dispatch: (ids: readonly string[]) => outbox.dispatch(ids) },
  }
}
