#!/bin/sh
# A streaming replica: copies the primary at its first start, then follows it.
set -eu
data="$PGDATA"
umask 077
passwords=/tmp/pgpass
echo "postgres:5432:*:darkroom_replication:$POSTGRES_REPLICATION_PASSWORD" > "$passwords"
connection="host=postgres port=5432 user=darkroom_replication passfile=$passwords application_name=darkroom_replica"
if [ ! -f "$data/standby.signal" ]; then
  rm -rf "$data" "$data.unfinished"
  mkdir -p "$(dirname "$data")"
  pg_basebackup --pgdata "$data.unfinished" --dbname "$connection" --wal-method=stream --checkpoint=fast
  touch "$data.unfinished/standby.signal"
  mv "$data.unfinished" "$data"
fi
exec postgres -D "$data" \
  -c "primary_conninfo=$connection" -c primary_slot_name=darkroom_replica \
  -c hot_standby=on -c hot_standby_feedback=on -c max_connections=200 \
  -c max_standby_streaming_delay=2s -c wal_receiver_timeout=10s -c log_min_error_statement=panic
