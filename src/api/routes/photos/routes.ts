import type { PlaceOf } from '../../../infra/geo/places.ts'
import type { Availability } from '../../../services/cold-storage/request-restore.ts'
import { signedIn, maybeSignedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import { assertMay } from '../../policies.ts'
import { versionsOf } from '../../etags.ts'
import type { Routes } from '../../routing.ts'
import { ListDuplicates } from './duplicates-schema.ts'
import { presentMetadata } from './metadata-presenter.ts'
import { GetMetadata } from './metadata-schema.ts'
import type { PresentPhoto } from './presenter.ts'
import {
  DeletePhoto,
  GetOriginal,
  GetPhoto,
  GetPhotos,
  ListErasures,
  ListTrash,
  ListUserPhotos,
  GetOriginalAvailability,
  RestoreOriginal,
  RestorePhoto,
  UpdatePhoto,
} from './schema.ts'

export function photoRoutes(routes: Routes, present: PresentPhoto, placeOf: PlaceOf): void {
  routes.get('/photos/:photoId', limit('read'), maybeSignedIn(), valid(GetPhoto), async (ctx) => {
    const card = await ctx.services.photos.get(ctx.viewer, ctx.input.params.photoId)
    ctx.state.version = card.version
    ctx.body = { photo: present(card, ctx.viewer) }
  })

  routes.get('/photos/:photoId/metadata', limit('read'), maybeSignedIn(), valid(GetMetadata), async (ctx) => {
    const metadata = await ctx.services.photos.metadata(ctx.viewer, ctx.input.params.photoId)
    ctx.body = { metadata: presentMetadata(metadata, ctx.viewer, placeOf) }
  })

  routes.get('/photos', limit('read'), maybeSignedIn(), valid(GetPhotos), reading(), async (ctx) => {
    const cards = await ctx.services.photos.getMany(ctx.reader, ctx.input.query.ids)
    ctx.body = { items: cards.map((card) => present(card, ctx.viewer)) }
  })

  routes.get(
    '/users/:username/photos',
    limit('read'),
    maybeSignedIn(),
    valid(ListUserPhotos),
    listed(),
    async (ctx) => {
      const { photos, profiles } = ctx.services
      const ownerId = await profiles.ownerOfLists(ctx.list, ctx.input.params.username)
      const page = await photos.listOf(ctx.list, ownerId)
      ctx.body = presentPage(page, (card) => present(card, ctx.viewer))
    },
  )

  routes.patch('/photos/:photoId', limit('write'), signedIn(), valid(UpdatePhoto), async (ctx) => {
    const photo = await ctx.services.photos.get(ctx.viewer, ctx.input.params.photoId)
    assertMay(ctx.viewer, 'edit', photo)
    const card = await ctx.services.photos.update(photo, ctx.input.body, versionsOf(ctx.get('If-Match')))
    ctx.state.version = card.version
    ctx.body = { photo: present(card, ctx.viewer) }
  })

  routes.delete('/photos/:photoId', limit('write'), signedIn(), valid(DeletePhoto), async (ctx) => {
    const { photos, trash } = ctx.services
    const { photoId } = ctx.input.params
    const { permanent } = ctx.input.query
    const photo = permanent ? await trash.find(ctx.viewer, photoId) : await photos.get(ctx.viewer, photoId)
    assertMay(ctx.viewer, 'delete', photo)
    await (permanent ? photos.delete(photo) : trash.put(photo))
    ctx.status = 204
  })

  routes.get('/me/trash', limit('read'), signedIn(), valid(ListTrash), listed(), async (ctx) => {
    const page = await ctx.services.trash.list(ctx.list)
    ctx.body = presentPage(page, ({ photo, deletedAt, erasesAt }) => ({
      photo: present(photo, ctx.viewer),
      deletedAt: deletedAt.toISOString(),
      erasesAt: erasesAt.toISOString(),
    }))
  })

  routes.get('/me/duplicates', limit('read'), signedIn(), valid(ListDuplicates), listed(), async (ctx) => {
    const page = await ctx.services.photos.duplicates(ctx.list, ctx.input.query)
    ctx.body = presentPage(page, ({ count, photos }) => ({
      count,
      photos: photos.map(({ photo, sameFileAs }) => ({ photo: present(photo, ctx.viewer), sameFileAs })),
    }))
  })

  routes.get('/me/erasures', limit('read'), signedIn(), valid(ListErasures), listed(), async (ctx) => {
    const page = await ctx.services.trash.erasures(ctx.list)
    ctx.body = presentPage(page, (erasure) => ({
      photoId: erasure.photo_id,
      requestedAt: erasure.requested_at.toISOString(),
      erasedAt: erasure.erased_at?.toISOString() ?? null,
      removed: {
        objects: erasure.objects,
        edgeEntries: erasure.edge_paths,
        searchDocuments: erasure.search_documents,
      },
    }))
  })

  routes.post('/photos/:photoId/restore', limit('write'), signedIn(), valid(RestorePhoto), async (ctx) => {
    const photo = await ctx.services.trash.find(ctx.viewer, ctx.input.params.photoId)
    assertMay(ctx.viewer, 'restore', photo)
    const card = await ctx.services.trash.restore(photo)
    ctx.state.version = card.version
    ctx.body = { photo: present(card, ctx.viewer) }
  })

  routes.get(
    '/photos/:photoId/original/restore',
    limit('read'),
    signedIn(),
    valid(GetOriginalAvailability),
    async (ctx) => {
      const photo = await ctx.services.photos.get(ctx.viewer, ctx.input.params.photoId)
      assertMay(ctx.viewer, 'restore the original of', photo)
      ctx.body = presentAvailability(await ctx.services.restoreRequests.find(photo.photoId))
    },
  )

  routes.post(
    '/photos/:photoId/original/restore',
    limit('write'),
    signedIn(),
    valid(RestoreOriginal),
    async (ctx) => {
      const photo = await ctx.services.photos.get(ctx.viewer, ctx.input.params.photoId)
      assertMay(ctx.viewer, 'restore the original of', photo)
      const { userId } = ctx.viewer
      ctx.status = 202
      ctx.body = presentAvailability(await ctx.services.restoreRequests.request(photo.photoId, userId))
    },
  )

  routes.get('/photos/:photoId/original', limit('read'), signedIn(), valid(GetOriginal), async (ctx) => {
    const photo = await ctx.services.photos.get(ctx.viewer, ctx.input.params.photoId)
    assertMay(ctx.viewer, 'download the original of', photo)
    const original = await ctx.services.photos.openOriginal(ctx.viewer.userId, photo.photoId)
    ctx.set(
      'Content-Disposition',
      `attachment; filename="${photo.photoId}.${original.contentType.slice('image/'.length)}"`,
    )
    ctx.type = original.contentType
    ctx.length = original.bytes
    ctx.body = original.body
  })
}

function presentAvailability({ availability, requestedAt, expectedAt, hotUntil }: Availability) {
  const iso = (time: Date | null) => time?.toISOString() ?? null
  return { availability, requestedAt: iso(requestedAt), expectedAt: iso(expectedAt), hotUntil: iso(hotUntil) }
}
