/** What automatic moderation says of a photo, from the mildest to the gravest. */
export const VERDICTS = ['allow', 'limit', 'quarantine'] as const
export type Verdict = (typeof VERDICTS)[number]

/** What decided: a classifier, a list, or a person instead of them. */
export const VERDICT_SOURCES = ['scores', 'block_list', 'text', 'person'] as const
export type VerdictSource = (typeof VERDICT_SOURCES)[number]

/** What being on a list makes of a photo. */
export const BLOCK_VERDICTS = ['limit', 'quarantine'] as const satisfies readonly Verdict[]
export type BlockVerdict = (typeof BLOCK_VERDICTS)[number]

/** The score, 0 to 1, from which a photo gets a verdict; `limit` is not above `quarantine`. */
export interface Thresholds {
  limit: number
  quarantine: number
}

/** The verdict on a classifier's scores: the highest of them decides, whatever it is for. */
export function verdictOnScores(scores: Record<string, number>, { limit, quarantine }: Thresholds): Verdict {
  const highest = Math.max(0, ...Object.values(scores))
  if (highest >= quarantine) return 'quarantine'
  return highest >= limit ? 'limit' : 'allow'
}

/** The graver of two verdicts. */
export function graver(one: Verdict, other: Verdict): Verdict {
  return VERDICTS.indexOf(one) > VERDICTS.indexOf(other) ? one : other
}
