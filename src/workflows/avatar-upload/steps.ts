import { proxyActivities } from '@temporalio/workflow'
import type { AvatarActivities, AvatarMediaActivities } from '../../contracts/activities/avatars.ts'
import { durableStep, makeAvatar } from '../../contracts/activity-options.ts'
import type { UserId } from '../../domain/ids.ts'

const durable = (summary: string) => proxyActivities<AvatarActivities>({ ...durableStep, summary })

/** The steps of avatarUpload, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  claim: durable('Look at the object and claim the avatar').claimAvatar,
  make: (ownerId: UserId) =>
    proxyActivities<AvatarMediaActivities>({
      ...makeAvatar,
      priority: { fairnessKey: ownerId },
      summary: 'Inspect, screen, render and publish the avatar',
    }).makeAvatar,
  close: durable('Close the upload and remove what is stored of it').closeAvatar,
}
