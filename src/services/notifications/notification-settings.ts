import type { UserId } from '../../domain/ids.ts'
import {
  DEFAULT_NOTIFICATION_SETTING,
  NOTIFICATION_KINDS,
  type NotificationKind,
  type NotificationSetting,
} from '../../domain/notifications.ts'
import type { Database, Query } from '../../infra/db/database.ts'

type AllSettings = Record<NotificationKind, NotificationSetting>
/** Undefined leaves a setting as it is. */
type SettingChanges = {
  [Kind in NotificationKind]?: { [Way in keyof NotificationSetting]?: boolean | undefined } | undefined
}

export interface NotificationSettings {
  /** How the account wants to hear of each kind. */
  get(query: Query, userId: UserId): Promise<AllSettings>
  /** Changes what is given; it holds for what is written from then on. */
  update(userId: UserId, changes: SettingChanges): Promise<AllSettings>
}

interface SettingRow {
  kind: NotificationKind
  in_app: boolean | null
  push: boolean | null
}

const UPSERT = `
  INSERT INTO notification_settings AS s (user_id, kind, in_app, push)
  SELECT $1, given.kind, given.in_app, given.push
  FROM unnest($2::text[], $3::boolean[], $4::boolean[]) given (kind, in_app, push) ORDER BY given.kind
  ON CONFLICT (user_id, kind) DO UPDATE
  SET in_app = coalesce(excluded.in_app, s.in_app), push = coalesce(excluded.push, s.push)`

export function createNotificationSettings({ db }: { db: Pick<Database, 'primary'> }): NotificationSettings {
  return {
    get: read,
    async update(userId, changes) {
      const given = NOTIFICATION_KINDS.flatMap((kind) => (changes[kind] ? [{ kind, ...changes[kind] }] : []))
      await db.primary({
        text: UPSERT,
        values: [
          userId,
          given.map(({ kind }) => kind),
          given.map(({ inApp }) => inApp ?? null),
          given.map(({ push }) => push ?? null),
        ],
      })
      return read(db.primary, userId)
    },
  }
}

async function read(query: Query, userId: UserId): Promise<AllSettings> {
  const rows = await query<SettingRow & Record<string, unknown>>({
    name: 'notification-settings',
    text: 'SELECT kind, in_app, push FROM notification_settings WHERE user_id = $1',
    values: [userId],
  })
  const stored = new Map(rows.map((row) => [row.kind, row]))
  const settings = NOTIFICATION_KINDS.map((kind): [NotificationKind, NotificationSetting] => {
    const row = stored.get(kind)
    const { inApp, push } = DEFAULT_NOTIFICATION_SETTING
    return [kind, { inApp: row?.in_app ?? inApp, push: row?.push ?? push }]
  })
  return Object.fromEntries(settings) as AllSettings
}
