import { Migration } from '@mikro-orm/migrations'

/** What moderation does to photos and accounts, each so that it can be taken back (ADR 45). */
export class Migration20261128ModerationMeasures extends Migration {
  override up(): void {
    this.addSql(`
      ALTER TABLE photos ADD COLUMN sensitive boolean NOT NULL DEFAULT false, ADD COLUMN limited_at timestamptz(3)`)
    this.addSql(`COMMENT ON COLUMN photos.sensitive IS 'set by the owner: shown behind a warning'`)
    this.addSql(
      `COMMENT ON COLUMN photos.limited_at IS 'set by moderation: sensitive for others, and not recommended to anybody'`,
    )
    this.addSql(`ALTER TABLE users ADD COLUMN hidden_from_explore boolean NOT NULL DEFAULT false`)
    this.addSql(
      `COMMENT ON COLUMN users.hidden_from_explore IS 'set by moderation: its photos are not recommended to anybody'`,
    )
    this.setRoles(['user', 'moderator', 'senior', 'admin'])
    this.addSql(`
      CREATE TRIGGER photos_limit BEFORE UPDATE OF limited_at ON photos FOR EACH ROW
        WHEN (OLD.limited_at IS NULL AND NEW.limited_at IS NOT NULL) EXECUTE FUNCTION narrow_commit()`)
    this.addSql(`
      CREATE TABLE photo_takedowns (
        photo_id        uuid PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
        previous_status text NOT NULL CHECK (previous_status IN ('ready', 'offered')),
        taken_down_at   timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(`
      COMMENT ON TABLE photo_takedowns IS
        'photos that moderation took down, with the status that a restoration gives back; those in the trash come out of it quarantined'`)
  }

  private setRoles(roles: readonly string[]): void {
    const list = roles.map((role) => `'${role}'`).join(', ')
    this.addSql(`ALTER TABLE users DROP CONSTRAINT users_role_check`)
    this.addSql(`ALTER TABLE users ADD CONSTRAINT users_role_check CHECK (role IN (${list}))`)
  }

  override down(): void {
    this.addSql(`DROP TABLE photo_takedowns`)
    this.addSql(`DROP TRIGGER photos_limit ON photos`)
    this.addSql(`UPDATE users SET role = 'moderator' WHERE role = 'senior'`)
    this.setRoles(['user', 'moderator', 'admin'])
    this.addSql(`ALTER TABLE users DROP COLUMN hidden_from_explore`)
    this.addSql(`ALTER TABLE photos DROP COLUMN sensitive, DROP COLUMN limited_at`)
  }
}
