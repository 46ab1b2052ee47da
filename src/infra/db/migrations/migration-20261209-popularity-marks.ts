import { Migration } from '@mikro-orm/migrations'

/** Photos whose popularity in the search index may have changed, found by the counters alone. */
export class Migration20261209PopularityMarks extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE popularity_marks (
        mark_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        photo_id uuid NOT NULL
      )`)
    this.addSql(`
      COMMENT ON TABLE popularity_marks IS
        'photos of which a row of photo_counters has passed a power of two likes since their documents were written; one row each time, as likers do not wait for each other'`)
    this.addSql(`
      CREATE FUNCTION mark_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO popularity_marks (photo_id) VALUES (NEW.photo_id);
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photo_counters_first_popularity AFTER INSERT ON photo_counters FOR EACH ROW
        WHEN (NEW.likes > 0) EXECUTE FUNCTION mark_popularity()`)
    this.addSql(`
      CREATE TRIGGER photo_counters_popularity AFTER UPDATE OF likes ON photo_counters FOR EACH ROW
        WHEN (reach_of(NEW.likes) <> reach_of(OLD.likes)) EXECUTE FUNCTION mark_popularity()`)
  }

  override down(): void {
    this.addSql(`DROP TRIGGER photo_counters_popularity ON photo_counters`)
    this.addSql(`DROP TRIGGER photo_counters_first_popularity ON photo_counters`)
    this.addSql(`DROP FUNCTION mark_popularity()`)
    this.addSql(`DROP TABLE popularity_marks`)
  }
}
