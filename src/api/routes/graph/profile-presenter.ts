import type { z } from 'zod'
import type { Profile } from '../../../services/graph/profiles.ts'
import type { PresentPeople } from '../accounts/presenter.ts'
import type { ProfileSchema } from './profile-schema.ts'

export function presentProfile(profile: Profile, people: PresentPeople): z.infer<typeof ProfileSchema> {
  return {
    ...people.user(profile.account),
    photoCount: profile.photoCount,
    followerCount: profile.followerCount,
    followingCount: profile.followingCount,
    relationship: profile.relationship,
  }
}
