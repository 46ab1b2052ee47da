import { expect } from 'vitest'
import type { CommentId, PhotoId } from '../../../src/domain/ids.ts'
import { NOTIFICATION_WRITERS } from '../../../src/domain/notifications.ts'
import { createWorkflowStarts } from '../../../src/services/delivery/workflow-starts.ts'
import { openNotificationWriter } from '../../../src/services/notifications/module.ts'
import { openLinkWorld, type LinkWorld } from './link-world.ts'
import type { Json, Person } from './api-world.ts'

/** A link world in which a test says when notifications are written. */
export interface NotificationWorld extends LinkWorld {
  like(who: Person, photoId: PhotoId): Promise<number>
  unlike(who: Person, photoId: PhotoId): Promise<number>
  /** The id of the new comment. */
  comment(who: Person, photoId: PhotoId, text: string, parentId?: CommentId): Promise<CommentId>
  /** Writes all that is owed, as the workflows do. @returns how many events were taken */
  write(): Promise<number>
  /** The whole list, after what is owed has been written, walked in pages of `limit`. */
  told(who: Person, limit?: number): Promise<Json[]>
  unread(who: Person): Promise<number>
  markRead(who: Person, upTo: string): Promise<number>
  setting(who: Person, changes: object): Promise<Json>
}

export async function openNotificationWorld(
  overrides: Record<string, string> = {},
): Promise<NotificationWorld> {
  const world = await openLinkWorld(overrides)
  const { clients } = world.api
  const { writeNotifications } = openNotificationWriter(clients, {
    starts: createWorkflowStarts(clients.temporal),
  })
  const get = async (who: Person, path: string) => {
    // From the primary, so that what has just been written is there.
    await world.api.clients.redis.set(`wrote:${who.id}`, '1', 'PX', 2_000)
    const { status, body } = await world.call('GET', `/v1/me/${path}`, { token: who.token })
    expect(status).toBe(200)
    return body
  }
  const like = (method: string) => async (who: Person, photoId: PhotoId) =>
    (await world.call(method, `/v1/photos/${photoId}/like`, { token: who.token })).status

  async function write(): Promise<number> {
    const writers = Array.from({ length: NOTIFICATION_WRITERS }, (_, writer) => writeNotifications(writer))
    return (await Promise.all(writers)).reduce((sum, { taken }) => sum + taken, 0)
  }

  return {
    ...world,
    like: like('PUT'),
    unlike: like('DELETE'),
    async comment(who, photoId, text, parentId) {
      const { status, body } = await world.call('POST', `/v1/photos/${photoId}/comments`, {
        token: who.token,
        body: { text, ...(parentId === undefined ? {} : { parentId }) },
      })
      expect(status).toBe(201)
      return body.comment.id
    },
    write,
    async told(who, limit = 100) {
      await write()
      const items: Json[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const at: string = cursor === '' ? '' : `&cursor=${cursor}`
        const page = await get(who, `notifications?limit=${limit}${at}`)
        items.push(...page.items)
        cursor = page.nextCursor
      }
      return items
    },
    unread: async (who) => (await get(who, 'notifications/unread-count')).count,
    async markRead(who, upTo) {
      const answer = await world.call('PUT', '/v1/me/notifications/read', {
        token: who.token,
        body: { upTo },
      })
      return answer.status
    },
    async setting(who, body) {
      const answer = await world.call('PATCH', '/v1/me/notification-settings', { token: who.token, body })
      expect(answer.status).toBe(200)
      return answer.body.settings
    },
  }
}
