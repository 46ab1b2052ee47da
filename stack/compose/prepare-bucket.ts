/** Job of docker compose that creates the bucket. It is restarted while the storage is not ready. */
import { allowBrowsers, bucketClient, proveWritable } from './bucket.ts'

const bucket = process.env.S3_BUCKET ?? 'darkroom'
const client = bucketClient(process.env)
await proveWritable(client, bucket)
await allowBrowsers(client, bucket)
if (process.env.S3_COLD_BUCKET) await proveWritable(client, process.env.S3_COLD_BUCKET)
console.log(`The bucket ${bucket} is ready.`)
