import { Migration20261122Distribution } from './migration-20261122-distribution.ts'
import { Migration20261122InFlight } from './migration-20261122-in-flight.ts'
import { Migration20261122Initial } from './migration-20261122-initial.ts'
import { Migration20261122OwedDistribution } from './migration-20261122-owed-distribution.ts'
import { Migration20261122ReplicaRotation } from './migration-20261122-replica-rotation.ts'
import { Migration20261126Buckets } from './migration-20261126-buckets.ts'
import { Migration20261126DistributionAndCounters } from './migration-20261126-distribution-and-counters.ts'
import { Migration20261126Access } from './migration-20261126-access.ts'
import { Migration20261127PhotoMetadata } from './migration-20261127-photo-metadata.ts'
import { Migration20261127ShareTakenAt } from './migration-20261127-share-taken-at.ts'
import { Migration20261127SweepPositions } from './migration-20261127-sweep-positions.ts'
import { Migration20261127Retraction } from './migration-20261127-retraction.ts'
import { Migration20261127ShareLinks } from './migration-20261127-share-links.ts'
import { Migration20261126RefoldTags } from './migration-20261126-refold-tags.ts'
import { Migration20261127Albums } from './migration-20261127-albums.ts'
import { Migration20261127Engagement } from './migration-20261127-engagement.ts'
import { Migration20261127UsernameSkeletons } from './migration-20261127-username-skeletons.ts'
import { Migration20261127AudienceEpochs } from './migration-20261127-audience-epochs.ts'
import { Migration20261127MutesUntil } from './migration-20261127-mutes-until.ts'
import { Migration20261127VariantRecipes } from './migration-20261127-variant-recipes.ts'
import { Migration20261127Notifications } from './migration-20261127-notifications.ts'
import { Migration20261127Trash } from './migration-20261127-trash.ts'

/** In order. A released migration is never changed; a new one is added. */
export const migrations = [
  { name: '20261122-initial', class: Migration20261122Initial },
  { name: '20261122-replica-rotation', class: Migration20261122ReplicaRotation },
  { name: '20261122-in-flight', class: Migration20261122InFlight },
  { name: '20261122-distribution', class: Migration20261122Distribution },
  { name: '20261122-owed-distribution', class: Migration20261122OwedDistribution },
  { name: '20261126-distribution-and-counters', class: Migration20261126DistributionAndCounters },
  { name: '20261126-access', class: Migration20261126Access },
  { name: '20261126-refold-tags', class: Migration20261126RefoldTags },
  { name: '20261126-buckets', class: Migration20261126Buckets },
  { name: '20261127-engagement', class: Migration20261127Engagement },
  { name: '20261127-mutes-until', class: Migration20261127MutesUntil },
  { name: '20261127-retraction', class: Migration20261127Retraction },
  { name: '20261127-albums', class: Migration20261127Albums },
  { name: '20261127-sweep-positions', class: Migration20261127SweepPositions },
  { name: '20261127-share-taken-at', class: Migration20261127ShareTakenAt },
  { name: '20261127-share-links', class: Migration20261127ShareLinks },
  { name: '20261127-username-skeletons', class: Migration20261127UsernameSkeletons },
  { name: '20261127-audience-epochs', class: Migration20261127AudienceEpochs },
  { name: '20261127-notifications', class: Migration20261127Notifications },
  { name: '20261127-trash', class: Migration20261127Trash },
  { name: '20261127-variant-recipes', class: Migration20261127VariantRecipes },
  { name: '20261127-photo-metadata', class: Migration20261127PhotoMetadata },
]
