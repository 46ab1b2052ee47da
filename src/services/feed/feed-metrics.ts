/** How a rebuild of a head ended; `taken`: someone else builds it, `busy`: too many are being built, `lost`: another took over. */
type RebuildOutcome = 'built' | 'taken' | 'busy' | 'lost' | 'failed'

export interface FeedMetrics {
  /** A part of a feed was read out of a tier; `rebuilt`: what a head was just built from. */
  scanned(tier: 'head' | 'rebuilt' | 'rows' | 'pull'): void
  rebuilt?(outcome: RebuildOutcome): void
  /** A page was read. */
  read?(seconds: number): void
  /** Candidates that were no longer in the viewer's feed, or hidden from them. */
  ghosts?(count: number): void
}
