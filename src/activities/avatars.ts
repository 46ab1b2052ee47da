import type { AvatarActivities, AvatarMediaActivities } from '../contracts/activities/avatars.ts'
import type { AvatarSteps } from '../services/avatars/avatar-steps.ts'
import type { MakeAvatar } from '../services/avatars/make-avatar.ts'
import { asActivities } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

/** The short steps of avatarUpload. */
export function createAvatarActivities(steps: AvatarSteps): AvatarActivities {
  return asActivities<AvatarActivities>({
    claimAvatar: ({ avatarId }) => steps.claim(avatarId),
    closeAvatar: ({ avatarId, ...failure }) => steps.close(avatarId, failure),
  })
}

/** The step that decodes pixels. */
export function createAvatarMediaActivities({
  makeAvatar,
}: {
  makeAvatar: MakeAvatar
}): AvatarMediaActivities {
  return asActivities<AvatarMediaActivities>({
    makeAvatar: ({ avatarId }) => whileHeartbeating((signal) => makeAvatar(avatarId, signal)),
  })
}
