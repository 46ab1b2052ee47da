import { Migration } from '@mikro-orm/migrations'

/** What is recommended, ranked ahead: the tags that trend, and the orders of explore (ADR 52). */
export class Migration20261213Recommendations extends Migration {
  override up(): void {
    this.addSql(`
      CREATE INDEX photos_public_idx ON photos (score DESC, photo_id DESC) INCLUDE (owner_id)
        WHERE status = 'ready' AND visibility = 'public'`)
    this.addSql(`
      CREATE TABLE trending_tags (
        generation bigint NOT NULL,
        place      smallint NOT NULL,
        tag        varchar(100) COLLATE "C" NOT NULL,
        photo_ids  uuid[] NOT NULL,
        PRIMARY KEY (generation, place)
      )`)
    this.addSql(`
      COMMENT ON TABLE trending_tags IS
        'the tags that trended at a time (generation, in ms), and the latest photo of each of their latest authors, by which each read judges them'`)
    this.addSql(`
      CREATE TABLE explore_orders (
        generation bigint PRIMARY KEY,
        photo_ids  uuid[] NOT NULL
      )`)
    this.addSql(`
      COMMENT ON TABLE explore_orders IS
        'the popular photos at a time (generation, in ms), in the order in which explore shows them; each read judges them'`)
    this.narrows()
  }

  /** Whoever calls a photo sensitive or hides an account has taken it from explore by the next read on a replica. */
  private narrows(): void {
    this.addSql(`
      CREATE TRIGGER photos_sensitive BEFORE UPDATE OF sensitive ON photos FOR EACH ROW
        WHEN (NEW.sensitive AND NOT OLD.sensitive) EXECUTE FUNCTION narrow_commit()`)
    this.addSql(`
      CREATE TRIGGER users_hide BEFORE UPDATE OF hidden_from_explore ON users FOR EACH ROW
        WHEN (NEW.hidden_from_explore AND NOT OLD.hidden_from_explore) EXECUTE FUNCTION narrow_commit()`)
  }

  override down(): void {
    this.addSql(`DROP TRIGGER users_hide ON users`)
    this.addSql(`DROP TRIGGER photos_sensitive ON photos`)
    this.addSql(`DROP TABLE explore_orders, trending_tags`)
    this.addSql(`DROP INDEX photos_public_idx`)
  }
}
