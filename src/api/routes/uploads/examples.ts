import { photoExample, photoId, written } from '../photos/examples.ts'

/** The photo as its owner sees it before the original has arrived. */
export const awaitedPhotoExample = {
  ...photoExample,
  status: 'awaiting_upload',
  width: null,
  height: null,
  placeholder: null,
  takenAt: null,
  publishedAt: null,
  likeCount: 0,
  commentCount: 0,
  likedByMe: false,
  variants: [],
  sources: [],
  shareLocation: false,
  shareCamera: false,
  shareTakenAt: true,
  shareText: false,
  allowDownload: false,
  limited: false,
}

export const openUploadExample = {
  contentType: 'image/jpeg',
  bytes: 3145728,
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  ...written,
}

export const uploadExample = {
  method: 'PUT',
  url: `https://storage.darkroom.example/darkroom/incoming/${photoId}?X-Amz-Expires=900&X-Amz-Signature=…`,
  headers: { 'Content-Type': 'image/jpeg' },
  expiresAt: '2026-03-09T19:46:00.000Z',
}

export const signedPartsExample = {
  parts: [
    {
      number: 1,
      url: `https://storage.darkroom.example/darkroom/incoming/${photoId}?partNumber=1&uploadId=…&X-Amz-Signature=…`,
      bytes: 8388608,
    },
  ],
  expiresAt: '2026-03-09T20:31:00.000Z',
}

export const arrivedPartsExample = {
  parts: [{ number: 1, bytes: 8388608, etag: '"9b2cf535f27731c974343645a3985328"' }],
}

export const ownByHashExample = { items: [{ sha256: openUploadExample.sha256, photoId, status: 'ready' }] }

export const progressExample = {
  status: 'ready',
  steps: [
    { name: 'arrival', state: 'done', attempts: 1 },
    { name: 'validation', state: 'done', attempts: 1 },
    { name: 'publication', state: 'done', attempts: 1 },
    { name: 'variants', state: 'running', attempts: 1, detail: '8 of 12' },
    { name: 'search', state: 'done', attempts: 1 },
    { name: 'fanout', state: 'done', attempts: 1 },
    { name: 'moderation', state: 'done', attempts: 1 },
  ],
  fanout: { state: 'running', followers: 1200, delivered: 400 },
}
