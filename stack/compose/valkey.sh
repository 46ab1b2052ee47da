#!/bin/sh
# One node of a cluster that owns all slots. It announces its name, because its address changes with each container.
set -eu
valkey-server --dir /data --cluster-enabled yes --cluster-announce-hostname valkey \
  --cluster-preferred-endpoint-type hostname --cluster-require-full-coverage no \
  --maxmemory 256mb --maxmemory-policy volatile-lru \
  --zset-max-listpack-entries 256 --zset-max-listpack-value 64 --save 60 1000 &
server=$!
trap 'kill -TERM "$server"' TERM INT
until valkey-cli ping 2> /dev/null | grep -q PONG; do sleep 0.2; done
valkey-cli cluster info | grep -q cluster_slots_assigned:16384 || valkey-cli cluster addslotsrange 0 16383
wait "$server" || wait "$server"
