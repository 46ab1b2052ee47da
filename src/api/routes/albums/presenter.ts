import type { z } from 'zod'
import type { Viewer } from '../../../domain/viewer.ts'
import type { Activity } from '../../../services/albums/activity.ts'
import type { AlbumCard } from '../../../services/albums/album-cards.ts'
import type { Member } from '../../../services/albums/members.ts'
import type { PresentPeople } from '../accounts/presenter.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import type { AlbumSchema } from './schema.ts'
import type { ActivitySchema, MemberSchema } from './member-schema.ts'

export function presentAlbum(
  card: AlbumCard,
  { viewer, people }: { viewer: Viewer; people: PresentPeople },
  presentPhoto: PresentPhoto,
): z.infer<typeof AlbumSchema> {
  return {
    id: card.albumId,
    owner: people.owner(card.owner),
    title: card.title,
    description: card.description,
    visibility: card.visibility,
    order: card.order,
    role: card.role,
    photoCount: card.photoCount,
    cover: card.cover && presentPhoto(card.cover, viewer),
    createdAt: card.createdAt.toISOString(),
  }
}

export function presentMember(
  { account, role, addedAt }: Member,
  people: PresentPeople,
): z.infer<typeof MemberSchema> {
  return { user: people.owner(account), role, addedAt: addedAt.toISOString() }
}

export function presentActivity(activity: Activity, people: PresentPeople): z.infer<typeof ActivitySchema> {
  return {
    id: activity.activityId,
    kind: activity.kind,
    actor: people.owner(activity.actor),
    photoId: activity.photoId,
    user: activity.user && people.owner(activity.user),
    createdAt: activity.createdAt.toISOString(),
  }
}
