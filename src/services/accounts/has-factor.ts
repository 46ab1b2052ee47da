/** Whether an account has a second factor, in SQL. Recovery codes are none; probes totp_secrets_pkey and passkeys_user_idx. */
export const hasFactor = (userId: string) => `(
  EXISTS (SELECT FROM totp_secrets t WHERE t.user_id = ${userId} AND t.is_confirmed)
  OR EXISTS (SELECT FROM passkeys k WHERE k.user_id = ${userId}))`
