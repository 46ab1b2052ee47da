import { Migration } from '@mikro-orm/migrations'

/**
 * Names that look like another are refused from now on. Of accounts that look alike already, the oldest holds the
 * skeleton, so that there is no third; the others keep their names. The expression is that of `usernameSkeleton`
 * (`domain/usernames.ts`) on this day.
 */
export class Migration20261127UsernameSkeletons extends Migration {
  override up(): void {
    this.addSql('ALTER TABLE users ADD COLUMN username_skeleton text')
    this.addSql(`
      UPDATE users SET username_skeleton = oldest.skeleton
      FROM (
        SELECT DISTINCT ON (skeleton) user_id, skeleton
        FROM users, replace(replace(lower(translate(username, '1I', 'll')), '0', 'o'), 'm', 'rn') AS skeleton
        ORDER BY skeleton, user_id
      ) oldest
      WHERE users.user_id = oldest.user_id`)
    this.addSql('CREATE UNIQUE INDEX users_username_skeleton ON users (username_skeleton)')
  }

  override down(): void {
    this.addSql('ALTER TABLE users DROP COLUMN username_skeleton')
  }
}
