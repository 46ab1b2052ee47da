import { Migration } from '@mikro-orm/migrations'

/** Where a sweep goes on that takes many runs. */
export class Migration20261127SweepPositions extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE sweep_positions (
        name     varchar(64) PRIMARY KEY,
        position varchar(1024) NOT NULL
      )`)
  }

  override down(): void {
    this.addSql(`DROP TABLE sweep_positions`)
  }
}
