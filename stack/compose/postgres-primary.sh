#!/bin/bash
# Runs once, when the primary's data folder is created: accounts, the app's database, the replica's access and slot.
set -eu
psql -v ON_ERROR_STOP=1 -v app="$POSTGRES_APP_PASSWORD" -v replication="$POSTGRES_REPLICATION_PASSWORD" -U postgres <<'SQL'
CREATE ROLE darkroom LOGIN NOSUPERUSER PASSWORD :'app';
GRANT pg_monitor TO darkroom;
GRANT ALTER SYSTEM ON PARAMETER synchronous_standby_names TO darkroom;
CREATE DATABASE darkroom OWNER darkroom;
CREATE ROLE darkroom_replication LOGIN REPLICATION PASSWORD :'replication';
SELECT pg_create_physical_replication_slot('darkroom_replica');
-- In a file, so that the replica keeper can change it: what stands on the server's command line outranks ALTER SYSTEM.
ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (darkroom_replica)';
\connect darkroom
GRANT EXECUTE ON FUNCTION pg_reload_conf() TO darkroom;
SQL
echo 'host replication darkroom_replication all scram-sha-256' >> "$PGDATA/pg_hba.conf"
