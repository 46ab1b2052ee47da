import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { NOTIFICATION_KINDS } from '../../domain/notifications.ts'

/** How an account wants to hear of a kind; null, like an absent row, is the default. */
export const NotificationSetting = defineEntity({
  name: 'NotificationSetting',
  tableName: 'notification_settings',
  properties: {
    userId: p.bigint('string').primary(),
    kind: p.enum(NOTIFICATION_KINDS).primary(),
    inApp: p.boolean().nullable(),
    push: p.boolean().nullable(),
  },
  checks: [
    {
      name: 'notification_settings_security_check',
      expression: `kind <> 'security' OR in_app IS NOT FALSE`,
    },
  ],
})
export type NotificationSetting = InferEntity<typeof NotificationSetting>
