import { afterUuid, instant, USER, type AccountList } from './account-list.ts'

/** What keeps the account safe, and who acts for it. No secret, hash or key is in it. */
export const SAFETY_LISTS: readonly AccountList[] = [
  {
    name: 'security-events',
    about: 'What happened to the safety of your account in the last 90 days',
    // Plan: security_events_user_idx from the key.
    text: `
      SELECT json_build_object('id', e.security_event_id, 'kind', e.kind, 'userAgent', e.user_agent,
          'network', encode(e.network, 'hex'), 'createdAt', ${instant('e.created_at')}) AS item,
        ARRAY[e.security_event_id::text] AS key
      FROM security_events e WHERE e.user_id = ${USER} AND e.security_event_id > ${afterUuid}
      ORDER BY e.security_event_id LIMIT $3`,
  },
  {
    name: 'sessions',
    about: 'Devices that are signed in, or were last week',
    text: `
      SELECT json_build_object('id', s.session_id, 'name', s.name, 'userAgent', s.user_agent,
          'createdAt', ${instant('s.created_at')}, 'lastUsedAt', ${instant('s.last_used_at')}, 'expiresAt', ${instant('s.expires_at')},
          'revokedAt', ${instant('s.revoked_at')}) AS item, ARRAY[s.session_id::text] AS key
      FROM sessions s WHERE s.user_id = ${USER} AND s.session_id > ${afterUuid} ORDER BY s.session_id LIMIT $3`,
  },
  {
    name: 'passkeys',
    about: 'Passkeys, without their keys',
    text: `
      SELECT json_build_object('id', k.passkey_id, 'name', k.name, 'createdAt', ${instant('k.created_at')},
          'lastUsedAt', ${instant('k.last_used_at')}) AS item, ARRAY[k.passkey_id::text] AS key
      FROM passkeys k WHERE k.user_id = ${USER} AND k.passkey_id > ${afterUuid} ORDER BY k.passkey_id LIMIT $3`,
  },
  {
    name: 'identities',
    about: 'Identities of providers that sign in',
    text: `
      SELECT json_build_object('id', i.identity_id, 'issuer', i.issuer, 'subject', i.subject, 'createdAt', ${instant('i.created_at')},
          'lastUsedAt', ${instant('i.last_used_at')}) AS item, ARRAY[i.identity_id::text] AS key
      FROM external_identities i WHERE i.user_id = ${USER} AND i.identity_id > ${afterUuid}
      ORDER BY i.identity_id LIMIT $3`,
  },
  {
    name: 'tokens',
    about: 'Personal access tokens, without their secrets, which are stored nowhere',
    text: `
      SELECT json_build_object('id', t.token_id, 'name', t.name, 'scopes', t.scopes, 'createdAt', ${instant('t.created_at')},
          'expiresAt', ${instant('t.expires_at')}, 'lastUsedAt', ${instant('t.last_used_at')}) AS item, ARRAY[t.token_id::text] AS key
      FROM personal_tokens t WHERE t.user_id = ${USER} AND t.token_id > ${afterUuid} ORDER BY t.token_id LIMIT $3`,
  },
  {
    name: 'webhooks',
    about: 'Addresses that are told of what happens; their secrets are not in it',
    text: `
      SELECT json_build_object('id', w.webhook_id, 'url', w.url, 'events', w.events, 'createdAt', ${instant('w.created_at')},
          'disabledAt', ${instant('w.disabled_at')}) AS item, ARRAY[w.webhook_id::text] AS key
      FROM webhooks w WHERE w.user_id = ${USER} AND w.webhook_id > ${afterUuid} ORDER BY w.webhook_id LIMIT $3`,
  },
  {
    name: 'push-subscriptions',
    about: 'Devices that are pushed to, without the addresses by which anyone could',
    text: `
      SELECT json_build_object('id', s.subscription_id, 'sessionId', s.session_id, 'createdAt', ${instant('s.created_at')}) AS item,
        ARRAY[s.subscription_id::text] AS key
      FROM push_subscriptions s WHERE s.user_id = ${USER} AND s.subscription_id > ${afterUuid}
      ORDER BY s.subscription_id LIMIT $3`,
  },
]
