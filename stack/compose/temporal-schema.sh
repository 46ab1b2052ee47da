#!/bin/sh
# Creates Temporal's two databases and brings their schemas up to this version. Safe to repeat.
set -eu
for database in temporal temporal_visibility; do
  case "$database" in
    temporal) schema=temporal ;;
    *) schema=visibility ;;
  esac
  tool="temporal-sql-tool --plugin postgres12 --ep $SQL_HOST -u temporal -p 5432 --db $database"
  $tool create
  # Fails when the schema already exists; the update then finds nothing to do, or fails itself.
  $tool setup-schema -v 0.0 || true
  $tool update-schema -d "/etc/temporal/schema/postgresql/v12/$schema/versioned"
done
