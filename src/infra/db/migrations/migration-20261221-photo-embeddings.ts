import { Migration } from '@mikro-orm/migrations'

/** What photos show, for their owners' searches (ADR 54). */
export class Migration20261221PhotoEmbeddings extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE photo_embeddings (
        photo_id   uuid PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
        model      varchar(201) NOT NULL,
        vector     bytea NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(
      `COMMENT ON TABLE photo_embeddings IS 'what photos show: one signed byte for each number of a vector'`,
    )
  }

  override down(): void {
    this.addSql(`DROP TABLE photo_embeddings`)
  }
}
