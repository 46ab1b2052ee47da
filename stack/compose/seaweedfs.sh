#!/bin/sh
# S3 with an account for the app and one for the edge that can read only variants; it notifies the API of uploads.
set -eu
umask 077
mkdir -p /tmp/config
cat > /tmp/config/s3.json << JSON
{
  "identities": [
    {
      "name": "darkroom",
      "credentials": [{ "accessKey": "$S3_ACCESS_KEY_ID", "secretKey": "$S3_SECRET_ACCESS_KEY" }],
      "actions": ["Admin", "Read", "Write", "List", "Tagging"]
    },
    {
      "name": "darkroom-edge",
      "credentials": [{ "accessKey": "$EDGE_S3_ACCESS_KEY_ID", "secretKey": "$EDGE_S3_SECRET_ACCESS_KEY" }],
      "actions": ["Read:$S3_BUCKET/variants/*"]
    }
  ]
}
JSON
cat > /tmp/config/notification.toml << TOML
[notification.webhook]
enabled = true
endpoint = "$STORAGE_EVENTS_URL"
bearer_token = "$STORAGE_EVENTS_TOKEN"
timeout_seconds = 5
max_retries = 5
backoff_seconds = 1
max_backoff_seconds = 10
workers = 4
buffer_size = 10000
event_types = ["create"]
path_prefixes = ["/buckets/$S3_BUCKET/incoming/"]
TOML
# Without -volume.max and -master.volumeSizeLimitMB, a second bucket finds no writable volume.
exec weed -logtostderr -config_dir=/tmp/config server -dir=/data -ip=seaweedfs -ip.bind=0.0.0.0 \
  -filer=true -s3 -s3.port=8333 -s3.config=/tmp/config/s3.json -s3.iam=false -s3.port.iceberg=0 -s3.port.lance=0 \
  -volume.max=200 -master.volumeSizeLimitMB=128 -master.resumeState=false -master.electionTimeout=1s \
  -master.telemetry=false
