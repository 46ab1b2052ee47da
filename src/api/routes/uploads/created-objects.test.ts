import { describe, expect, it } from 'vitest'
import { createdObjects } from './created-objects.ts'

/** As SeaweedFS 4.48 sent it. */
const SEAWEED = {
  event_type: 'create',
  key: '/buckets/darkroom/incoming/01a2036c-aeb9-7176-8322-8600c64a45cb',
  message: {
    new_entry: {
      name: '01a2036c-aeb9-7176-8322-8600c64a45cb',
      chunks: [
        {
          size: 10,
          e_tag: 'eB5eJF1ptWaXm4bijSPyxw==',
          fid: { volume_id: 7, file_key: 718, cookie: 3375008038 },
        },
      ],
      attributes: { file_size: 10, mtime: 1795353784, file_mode: 432, mime: 'image/jpeg' },
      extended: { 'Seaweed-X-Amz-Owner': 'ZGFya3Jvb20=' },
    },
    delete_chunks: true,
    new_parent_path: '/buckets/darkroom/incoming',
    signatures: [15629237],
  },
}

/** From the S3 user guide, shortened. */
const s3 = (eventName: string, key: string) => ({
  Records: [
    {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      eventName,
      s3: {
        s3SchemaVersion: '1.0',
        bucket: { name: 'darkroom', arn: 'arn:aws:s3:::darkroom' },
        object: { key, size: 10 },
      },
    },
  ],
})

describe('createdObjects', () => {
  it('reads the format of SeaweedFS', () => {
    expect(createdObjects(SEAWEED)).toEqual([
      { bucket: 'darkroom', key: 'incoming/01a2036c-aeb9-7176-8322-8600c64a45cb' },
    ])
  })

  it.each(['ObjectCreated:Put', 's3:ObjectCreated:CompleteMultipartUpload'])(
    'reads the format of S3: %s',
    (name) => {
      expect(createdObjects(s3(name, 'incoming%2Fa+b%C3%BC'))).toEqual([
        { bucket: 'darkroom', key: 'incoming/a bü' },
      ])
    },
  )

  it.each([
    ['a removal on S3', s3('ObjectRemoved:Delete', 'incoming/x')],
    ['a key that is no encoding', s3('ObjectCreated:Put', '%E0%A4%A')],
    ['a removal on SeaweedFS', { ...SEAWEED, message: { old_entry: { name: 'x' } } }],
    ['a directory', { ...SEAWEED, message: { new_entry: { isDirectory: true } } }],
    ['a path outside the buckets', { ...SEAWEED, key: '/etc/passwd' }],
    ['a bucket itself', { ...SEAWEED, key: '/buckets/darkroom' }],
    ['something else', { hello: 1 }],
    ['an array', []],
    ['nothing', null],
  ])('skips %s', (_what, body) => {
    expect(createdObjects(body)).toEqual([])
  })

  it('reads at most 1,000 records', () => {
    const { Records } = s3('ObjectCreated:Put', 'incoming/x')
    expect(createdObjects({ Records: Array.from({ length: 5_000 }, () => Records[0]) })).toHaveLength(1_000)
  })
})
