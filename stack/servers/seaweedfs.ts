import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import { allowBrowsers, bucketClient, proveWritable } from '../compose/bucket.ts'
import { writePrivate } from '../instance/files.ts'
import { ownByServers } from '../instance/unprivileged.ts'
import { dataFolder, ensureFolder } from './data-folder.ts'
import type { Server, ServerContext } from './server.ts'

export const seaweedfs: Server = {
  name: 'seaweedfs',
  needs: [],
  ports: [
    ...(['s3', 's3Grpc', 'seaweedMaster', 'seaweedMasterGrpc'] as const),
    ...(['seaweedVolume', 'seaweedVolumeGrpc', 'seaweedFiler', 'seaweedFilerGrpc'] as const),
  ],
  readyTimeoutMs: 60_000,
  stopSignal: 'SIGTERM',
  // A graceful stop takes half a minute; volumes are append-only and are repaired at the next start.
  stopGraceMs: 1_500,
  orphanSignal: 'KILL',

  async prepare(context) {
    ensureFolder(dataFolder(context, 'seaweedfs'))
    const config = ensureFolder(join(context.layout.data, 'seaweedfs-config'))
    writePrivate(join(config, 'notification.toml'), notifications(context))
    writePrivate(join(config, 's3.json'), JSON.stringify(identities(context), null, 2))
    ownByServers(config)
  },

  command({ layout, ports, stack }) {
    const config = join(layout.data, 'seaweedfs-config')
    return {
      account: 'nobody' as const,
      file: stack.weed,
      args: [
        ...['-logtostderr', `-config_dir=${config}`, 'server', `-dir=${join(layout.data, 'seaweedfs')}`],
        ...[
          '-ip=127.0.0.1',
          '-ip.bind=127.0.0.1',
          '-filer=true',
          '-s3',
          `-s3.config=${join(config, 's3.json')}`,
        ],
        // With fewer or larger volumes a second bucket finds no writable one.
        ...[
          '-volume.max=200',
          '-master.volumeSizeLimitMB=128',
          '-volume.minFreeSpace=1',
          '-master.telemetry=false',
        ],
        // One master needs no elections: with the state of a killed run it would wait 10 s for voters that never come.
        ...['-master.resumeState=false', '-master.electionTimeout=1s'],
        `-master.port=${ports.seaweedMaster}`,
        `-master.port.grpc=${ports.seaweedMasterGrpc}`,
        `-volume.port=${ports.seaweedVolume}`,
        `-volume.port.grpc=${ports.seaweedVolumeGrpc}`,
        `-filer.port=${ports.seaweedFiler}`,
        `-filer.port.grpc=${ports.seaweedFilerGrpc}`,
        `-s3.port=${ports.s3}`,
        `-s3.port.grpc=${ports.s3Grpc}`,
        ...['-s3.port.iceberg=0', '-s3.port.lance=0', '-s3.autoCreateBucket=false', '-s3.iam=false'],
      ],
    }
  },

  // It answers a few seconds before it can store, so only a write shows that it is ready.
  async probe(context) {
    await withBucket(context, proveWritable)
    await withBucket(context, (client) => proveWritable(client, context.env.S3_COLD_BUCKET ?? ''))
  },

  cleanUp({ ports }) {
    // It listens on these in addition to TCP, and leaves them behind when killed.
    const names = [
      `filer-${ports.seaweedFiler}`,
      `s3-${ports.s3}`,
      `filer-grpc-${ports.seaweedFilerGrpc}`,
      `s3-grpc-${ports.s3Grpc}`,
      `master-grpc-${ports.seaweedMasterGrpc}`,
      `volume-grpc-${ports.seaweedVolumeGrpc}`,
    ]
    for (const name of names) rmSync(`/tmp/seaweedfs-${name}.sock`, { force: true })
  },

  settle: (context) => withBucket(context, allowBrowsers),
}

async function withBucket(
  { env }: ServerContext,
  work: (client: S3Client, bucket: string) => Promise<void>,
): Promise<void> {
  const client = bucketClient(env)
  try {
    await work(client, env.S3_BUCKET ?? '')
  } finally {
    client.destroy()
  }
}

/** Object-created events of uploads go to the API. They are hints: the API looks at the object before it believes them. */
function notifications({ ports, env }: ServerContext): string {
  const api = `http://127.0.0.1:${env.PORT ?? ports.api}`
  return `[notification.webhook]
enabled = true
endpoint = "${api}/internal/storage-events"
bearer_token = "${env.STORAGE_EVENTS_TOKEN}"
timeout_seconds = 5
max_retries = 5
backoff_seconds = 1
max_backoff_seconds = 10
workers = 4
buffer_size = 10000
event_types = ["create"]
path_prefixes = ["/buckets/${env.S3_BUCKET}/incoming/"]
`
}

/** The app's account, and one for the edge that can read nothing but variants. */
function identities({ env }: ServerContext) {
  return {
    identities: [
      {
        name: 'darkroom',
        credentials: [{ accessKey: env.S3_ACCESS_KEY_ID, secretKey: env.S3_SECRET_ACCESS_KEY }],
        actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'],
      },
      {
        name: 'darkroom-edge',
        credentials: [{ accessKey: env.EDGE_S3_ACCESS_KEY_ID, secretKey: env.EDGE_S3_SECRET_ACCESS_KEY }],
        actions: [`Read:${env.S3_BUCKET}/variants/*`],
      },
    ],
  }
}
