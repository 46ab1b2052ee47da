import { AVATAR_FILE } from './avatar-file.ts'
import { accountOnly, accountVisibleTo, albumVisibleTo } from '../../infra/db/rules.ts'
import { afterId, afterUuid, instant, NO_UUID, USER, type AccountList } from './account-list.ts'
import { SAFETY_LISTS } from './lists-of-safety.ts'

const VIEWER = accountOnly(USER)

/**
 * What the account has said, decided and been told, beside its photos. Of others there is only what it sees of them anyway: no text of
 * theirs, and nobody who is hidden from it.
 */
export const ACCOUNT_LISTS: readonly AccountList[] = [
  {
    name: 'albums',
    about: 'Albums that you own or are a member of, with their members as far as you see them',
    // Plan: album_members_user_idx; then a probe for each album and member. An account has at most some thousand.
    text: `
      SELECT json_build_object('id', a.album_id, 'title', a.title, 'description', a.description,
          'visibility', a.visibility, 'order', a.photo_order, 'coverPhotoId', a.cover_photo_id, 'owner', o.username,
          'role', m.role, 'createdAt', ${instant('a.created_at')},
          'members', (SELECT coalesce(json_agg(json_build_object('username', mu.username, 'role', mm.role)
              ORDER BY mm.created_at, mm.user_id), '[]')
            FROM album_members mm JOIN users mu ON mu.user_id = mm.user_id
            WHERE mm.album_id = a.album_id AND ${accountVisibleTo('mu', VIEWER)})) AS item,
        ARRAY[a.album_id::text] AS key
      FROM album_members m JOIN albums a USING (album_id) JOIN users o ON o.user_id = a.owner_id
      WHERE m.user_id = ${USER} AND a.album_id > ${afterUuid} AND ${albumVisibleTo('a', 'o', VIEWER)}
      ORDER BY a.album_id LIMIT $3`,
  },
  {
    name: 'album-photos',
    about: 'Which of your photos are in which album; within an album, `position` orders them',
    // Plan: photos_owner_id_idx from the key, and album_photos_photo_idx for each.
    text: `
      SELECT json_build_object('albumId', ap.album_id, 'photoId', ap.photo_id, 'position', ap.position::text,
          'addedAt', ${instant('ap.created_at')}) AS item,
        ARRAY[ap.photo_id::text, ap.album_id::text] AS key
      FROM photos p JOIN album_photos ap ON ap.photo_id = p.photo_id
      WHERE p.owner_id = ${USER} AND p.status <> 'deleted' AND p.photo_id >= ${afterUuid}
        AND (ap.photo_id, ap.album_id) > (${afterUuid}, coalesce(($2::text[])[2]::uuid, ${NO_UUID}))
      ORDER BY ap.photo_id, ap.album_id LIMIT $3`,
  },
  {
    name: 'share-links',
    about: 'Links that you made to albums; their tokens are stored nowhere',
    text: `
      SELECT json_build_object('id', l.link_id, 'albumId', l.album_id, 'label', l.label, 'hasPassword',
          l.password_hash IS NOT NULL, 'allowUpload', l.allow_upload, 'views', l.views, 'maxViews', l.max_views,
          'createdAt', ${instant('l.created_at')}, 'expiresAt', ${instant('l.expires_at')}, 'lastUsedAt', ${instant('l.last_used_at')}) AS item,
        ARRAY[l.link_id::text] AS key
      FROM share_links l WHERE l.created_by = ${USER} AND l.link_id > ${afterUuid} ORDER BY l.link_id LIMIT $3`,
  },
  {
    name: 'comments',
    about: 'Comments that you wrote',
    // Plan: comments_author_idx, sorted anew for each stretch: a tenth of a second for 100,000.
    text: `
      SELECT json_build_object('id', c.comment_id, 'photoId', c.photo_id, 'parentId', c.parent_id, 'text', c.text,
          'createdAt', ${instant('c.created_at')}, 'editedAt', ${instant('c.edited_at')}, 'takenDownAt', ${instant('c.taken_down_at')}) AS item,
        ARRAY[c.comment_id::text] AS key
      FROM comments c WHERE c.author_id = ${USER} AND c.deleted_at IS NULL AND c.comment_id > ${afterUuid}
      ORDER BY c.comment_id LIMIT $3`,
  },
  {
    name: 'likes',
    about: 'Photos that you like',
    // Plan: likes_user_idx, likewise.
    text: `
      SELECT json_build_object('photoId', l.photo_id, 'createdAt', ${instant('l.created_at')}) AS item, ARRAY[l.photo_id::text] AS key
      FROM likes l WHERE l.user_id = ${USER} AND l.photo_id > ${afterUuid} ORDER BY l.photo_id LIMIT $3`,
  },
  {
    name: 'following',
    about: 'Accounts that you follow',
    // Plan: follows_pkey from the key.
    text: `
      SELECT json_build_object('username', u.username, 'since', ${instant('f.created_at')}) AS item, ARRAY[f.followee_id::text] AS key
      FROM follows f JOIN users u ON u.user_id = f.followee_id
      WHERE f.follower_id = ${USER} AND f.followee_id > ${afterId} AND ${accountVisibleTo('u', VIEWER)}
      ORDER BY f.followee_id LIMIT $3`,
  },
  {
    name: 'followers',
    about: 'Accounts that follow you',
    // Plan: follows_fanout_idx from the key.
    text: `
      SELECT json_build_object('username', u.username, 'since', ${instant('f.created_at')}) AS item,
        ARRAY[f.follower_bucket::text, f.follower_id::text] AS key
      FROM follows f JOIN users u ON u.user_id = f.follower_id
      WHERE f.followee_id = ${USER} AND ${accountVisibleTo('u', VIEWER)}
        AND (f.follower_bucket, f.follower_id) > (coalesce(($2::text[])[1]::smallint, -1), coalesce(($2::text[])[2]::bigint, 0))
      ORDER BY f.follower_bucket, f.follower_id LIMIT $3`,
  },
  {
    name: 'follow-requests',
    about: 'Requests to follow that wait: yours, and those that you have not answered',
    text: `
      SELECT json_build_object('username', u.username, 'direction',
          CASE WHEN r.follower_id = ${USER} THEN 'sent' ELSE 'received' END, 'createdAt', ${instant('r.created_at')}) AS item,
        ARRAY[u.user_id::text, r.follower_id::text] AS key
      FROM (SELECT follower_id, followee_id, created_at FROM follow_requests WHERE follower_id = ${USER}
          UNION ALL SELECT follower_id, followee_id, created_at FROM follow_requests WHERE followee_id = ${USER}) r
        JOIN users u ON u.user_id = r.follower_id + r.followee_id - ${USER}
      WHERE ${accountVisibleTo('u', VIEWER)}
        AND (u.user_id, r.follower_id) > (${afterId}, coalesce(($2::text[])[2]::bigint, 0))
      ORDER BY u.user_id, r.follower_id LIMIT $3`,
  },
  {
    name: 'blocks',
    about: 'Accounts that you block',
    text: `
      SELECT json_build_object('username', u.username, 'since', ${instant('b.created_at')}) AS item, ARRAY[b.blocked_id::text] AS key
      FROM blocks b JOIN users u ON u.user_id = b.blocked_id
      WHERE b.blocker_id = ${USER} AND b.blocked_id > ${afterId} ORDER BY b.blocked_id LIMIT $3`,
  },
  {
    name: 'mutes',
    about: 'Accounts that you mute',
    text: `
      SELECT json_build_object('username', u.username, 'since', ${instant('m.created_at')}, 'until', ${instant('m.until')}) AS item,
        ARRAY[m.muted_id::text] AS key
      FROM mutes m JOIN users u ON u.user_id = m.muted_id
      WHERE m.muter_id = ${USER} AND m.muted_id > ${afterId} ORDER BY m.muted_id LIMIT $3`,
  },
  {
    name: 'reports',
    about: 'What you reported',
    text: `
      SELECT json_build_object('id', r.report_id, 'subjectType', r.subject_type, 'subjectId', r.subject_id, 'reason', r.reason,
          'detail', r.detail, 'createdAt', ${instant('r.created_at')}) AS item, ARRAY[r.report_id::text] AS key
      FROM reports r WHERE r.reporter_id = ${USER} AND r.report_id > ${afterUuid} ORDER BY r.report_id LIMIT $3`,
  },
  {
    name: 'moderation',
    about: 'What moderation decided about something of yours, and your appeals',
    // As GET /me/moderation shows it: not by whom.
    text: `
      SELECT json_build_object('id', d.decision_id, 'subjectType', d.subject_type, 'subjectId', d.subject_id, 'action', d.action,
          'policy', json_build_object('id', d.policy_id, 'version', d.policy_version, 'title', p.title, 'text', p.text),
          'reason', d.reason, 'decidedBy', d.decided_as, 'createdAt', ${instant('d.created_at')}, 'until', ${instant('d.until')},
          'strikeUntil', ${instant('d.strike_until')}, 'reversedAt', ${instant('d.reversed_at')},
          'appeal', CASE WHEN a.appeal_id IS NOT NULL THEN json_build_object('text', a.text, 'state', a.state,
            'answer', a.answer, 'createdAt', ${instant('a.created_at')}, 'answeredAt', ${instant('a.answered_at')}) END) AS item,
        ARRAY[d.decision_id::text] AS key
      FROM moderation_decisions d
        JOIN moderation_policies p ON p.policy_id = d.policy_id AND p.version = d.policy_version
        LEFT JOIN moderation_appeals a ON a.decision_id = d.decision_id
      WHERE d.owner_id = ${USER} AND d.action <> 'dismiss' AND d.decision_id > ${afterUuid}
      ORDER BY d.decision_id LIMIT $3`,
  },
  ...SAFETY_LISTS,
]

/** The account itself. */
export const ACCOUNT = `
  SELECT json_build_object('id', u.user_id::text, 'username', u.username, 'displayName', u.display_name, 'bio', u.bio,
      'isPrivate', u.is_private, 'role', u.role, 'status', u.status, 'suspendedUntil', ${instant('u.suspended_until')},
      'defaultCommentPolicy', u.default_comment_policy, 'readTextInPhotos', u.read_text_in_photos,
      'createdAt', ${instant('u.created_at')},
      'avatar', (SELECT json_build_object('contentType', v.content_type, 'bytes', v.bytes, 'uploadedAt', ${instant('v.created_at')},
          'file', '${AVATAR_FILE}')
        FROM avatars v WHERE v.avatar_id = u.avatar_id),
      'notificationSettings', (SELECT coalesce(json_object_agg(s.kind, json_build_object('inApp', s.in_app, 'push', s.push)), '{}')
        FROM notification_settings s WHERE s.user_id = u.user_id)) AS account
  FROM users u WHERE u.user_id = $1`
