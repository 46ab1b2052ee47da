import type { Transaction } from '../../infra/db/database.ts'

/** What many do about one thing is one notification that grows; devices do not ring for each of them. */
const APART = `interval '1 minute'`

// Plan: for each notification notifications_pkey and notification_settings_pkey, and of those with push push_subscriptions_user_idx.
const OWE = `
  WITH due AS (
    UPDATE notifications n SET pushed_at = now()
    FROM notification_settings s
    WHERE n.notification_id = ANY ($1::bigint[]) AND s.user_id = n.recipient_id AND s.kind = n.kind AND s.push
      AND (n.pushed_at IS NULL OR n.pushed_at <= now() - ${APART})
      AND EXISTS (SELECT FROM push_subscriptions p WHERE p.user_id = n.recipient_id)
    RETURNING n.notification_id, n.recipient_id)
  INSERT INTO owed_pushes (subscription_id, notification_id, recipient_id)
  SELECT p.subscription_id, d.notification_id, d.recipient_id FROM due d JOIN push_subscriptions p ON p.user_id = d.recipient_id
  ON CONFLICT DO NOTHING`

/** Owes the devices of recipients a push of these notifications, which the transaction has written. */
export async function owePushes(
  tx: Pick<Transaction, 'query'>,
  notificationIds: readonly string[],
): Promise<void> {
  await tx.query({ name: 'pushes-owed', text: OWE, values: [notificationIds] })
}
