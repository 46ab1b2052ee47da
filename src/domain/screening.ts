/** What automatic moderation says of a photo, from the mildest to the gravest. */
export const VERDICTS = ['allow', 'limit', 'quarantine'] as const
export type Verdict = (typeof VERDICTS)[number]

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
