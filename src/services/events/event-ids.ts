import { DarkroomError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { LogPosition } from '../../infra/redis/event-logs.ts'
import { decodeCursor, encodeCursor, type CursorBinding } from '../lists/cursor.ts'

/** An event id as a client sent it, and where in the request. */
export interface GivenEventId {
  id: string
  /** As in `errors[].path`. */
  path: string
}

/** The ids of events: positions in the log of one account, which no other account can use. */
export interface EventIds {
  idOf(userId: UserId, position: LogPosition): string
  /** @throws DarkroomError bad_cursor unless it is an id of the account's events */
  positionOf(userId: UserId, given: GivenEventId): LogPosition
}

export function createEventIds(secret: string): EventIds {
  const bindingOf = (userId: UserId): CursorBinding => ({ viewer: { kind: 'user', userId }, list: 'events' })

  return {
    idOf: (userId, position) => encodeCursor([position], bindingOf(userId), secret),
    positionOf(userId, { id, path }) {
      try {
        const [position] = decodeCursor(id, bindingOf(userId), secret, ['string'])
        return position
      } catch (cause) {
        throw new DarkroomError('bad_cursor', 'This is not the id of one of your events.', {
          fields: [{ path, message: 'Not the id of one of your events. Connect without it.' }],
          cause,
        })
      }
    },
  }
}
