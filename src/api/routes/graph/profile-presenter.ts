import type { z } from 'zod'
import type { Profile } from '../../../services/graph/profiles.ts'
import { presentUser } from '../accounts/presenter.ts'
import type { ProfileSchema } from './profile-schema.ts'

export function presentProfile(profile: Profile): z.infer<typeof ProfileSchema> {
  return {
    ...presentUser(profile.account),
    photoCount: profile.photoCount,
    followerCount: profile.followerCount,
    followingCount: profile.followingCount,
    relationship: profile.relationship,
  }
}
