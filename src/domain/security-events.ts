/** What an account is told about its own safety. Stored, so a kind keeps its name. */
export const SECURITY_EVENT_KINDS = [
  'new_device',
  'password_changed',
  'sessions_ended',
  'token_reused',
  'sign_in_blocked',
  'token_created',
  'factor_added',
  'factor_removed',
  'recovery_codes_made',
  'recovery_code_used',
  'second_factor_blocked',
  'passkey_copied',
  'identity_linked',
  'identity_unlinked',
  'factors_reset',
] as const
export type SecurityEventKind = (typeof SECURITY_EVENT_KINDS)[number]
