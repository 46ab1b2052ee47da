import { Counter } from 'prom-client'

const OUTCOMES = ['opened', 'shown', 'abandoned', 'failed', 'refused', 'deleted'] as const
type AvatarOutcome = (typeof OUTCOMES)[number]

const avatars = new Counter({
  name: 'darkroom_avatars_total',
  help: 'Avatars by what became of them; failed: the file was no picture, or could not be processed; refused: by automatic moderation',
  labelNames: ['outcome'] as const,
})
for (const outcome of OUTCOMES) avatars.inc({ outcome }, 0)

export function avatarChanged(outcome: 'opened' | 'shown' | 'deleted'): void {
  avatars.inc({ outcome })
}

/** An upload did not become an avatar. */
export function avatarUploadClosed(code: string): void {
  avatars.inc({ outcome: outcomeOf(code) })
}

function outcomeOf(code: string): AvatarOutcome {
  if (code === 'policy') return 'refused'
  return code.startsWith('upload_') ? 'abandoned' : 'failed'
}
