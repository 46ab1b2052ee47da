import { Migration } from '@mikro-orm/migrations'

/** Tags that photos are offered by what they show (ADR 61). */
export class Migration20261224AutoTags extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE tag_labels (
        model   varchar(201) NOT NULL,
        tag     varchar(100) NOT NULL,
        display varchar(400) NOT NULL,
        text    varchar(200) NOT NULL,
        vector  bytea NOT NULL,
        PRIMARY KEY (model, tag)
      )`)
    this.addSql(
      `COMMENT ON TABLE tag_labels IS 'the operator''s list of tags, each with the embedding of its text by a model'`,
    )
    this.addSql(`
      CREATE TABLE dismissed_tags (
        photo_id uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
        tag      varchar(100) NOT NULL,
        PRIMARY KEY (photo_id, tag)
      )`)
    this.addSql(`COMMENT ON TABLE dismissed_tags IS 'offered to the owner, who does not want them'`)
  }

  override down(): void {
    this.addSql(`DROP TABLE dismissed_tags, tag_labels`)
  }
}
