import { graver, verdictOnScores, type Verdict } from '../../domain/screening.ts'
import type { Classifier } from '../../infra/classifier/classifier.ts'
import { classified } from '../../observability/screening-events.ts'
import type { BlockList } from './block-list.ts'
import type { ScreeningPolicy } from './policy.ts'

interface JudgePictureDeps {
  blockList: Pick<BlockList, 'match'>
  /** Without one, the block list decides alone. */
  classifier: Classifier | undefined
  policy: ScreeningPolicy
}

/**
 * Judges a picture that is no photo, and of which nothing is recorded: by the block list and then the classifier, as a photo.
 * @param file of the picture, which is the caller's own
 * @param seen what its inspection has found
 * @throws whatever the classifier failed with
 */
export type JudgePicture = (
  file: string,
  seen: { sha256: string; perceptualHash?: bigint | undefined },
  signal?: AbortSignal,
) => Promise<Verdict>

export function createJudgePicture({ blockList, classifier, policy }: JudgePictureDeps): JudgePicture {
  return async (file, { sha256, perceptualHash }, signal) => {
    const hashes = {
      sha256: Buffer.from(sha256, 'hex'),
      perceptualHash: perceptualHash === undefined ? null : BigInt.asIntN(64, perceptualHash).toString(),
    }
    const known = (await blockList.match(hashes, policy.hashDistance))?.verdict ?? 'allow'
    if (known === 'quarantine' || !classifier) return known
    const { scores } = await classified(() => classifier.classify(file, signal))
    return graver(known, verdictOnScores(scores, policy.thresholds))
  }
}
