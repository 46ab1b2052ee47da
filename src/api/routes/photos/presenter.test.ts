import { describe, expect, it } from 'vitest'
import { ANONYMOUS, type Viewer } from '../../../domain/viewer.ts'
import type { PhotoCard } from '../../../services/photos/photo-cards.ts'
import { createPeoplePresenter } from '../accounts/presenter.ts'
import { createPhotoPresenter } from './presenter.ts'
import { PhotoSchema } from './schema.ts'

const signing = { cdnBaseUrl: 'https://cdn.example/', cdnSigningKey: 'k'.repeat(32) }
const present = createPhotoPresenter({
  ...signing,
  placeOf: () => null,
  people: createPeoplePresenter(signing),
  publicUrl: 'https://api.example/',
})

const OWNER: Viewer = { kind: 'user', userId: '7' }
const photoId = '01a2036c-aeb9-7176-8322-8600c64a45cb'
const card: PhotoCard = {
  photoId,
  version: 4,
  accessEpoch: 3,
  owner: { userId: '7', username: 'ann', displayName: null, avatar: null, isPrivate: false, accessEpoch: 0 },
  status: 'ready',
  visibility: 'public',
  caption: null,
  altText: null,
  tags: [],
  failure: null,
  contentType: 'image/jpeg',
  bytes: 10,
  width: 10,
  height: 5,
  thumbhash: null,
  takenAt: { local: '2026-05-01T10:20:30', offsetMinutes: null },
  camera: 'Box',
  location: { latitude: 1, longitude: 2 },
  shareLocation: false,
  shareCamera: false,
  shareTakenAt: true,
  shareText: false,
  allowDownload: false,
  availability: 'hot',
  createdAt: new Date(0),
  uploadExpiresAt: new Date(0),
  publishedAt: new Date(0),
  score: 0,
  likeCount: 3,
  commentCount: 2,
  likedByViewer: true,
  commentPolicy: 'everyone',
  sensitive: false,
  isLimited: false,
  variants: [
    {
      variant: 'thumb_200',
      format: 'webp',
      objectKey: `variants/${photoId}/2/thumb_200.webp`,
      width: 10,
      height: 5,
      bytes: 3,
    },
    {
      variant: 'original',
      format: 'jpeg',
      objectKey: `originals/${photoId}`,
      width: 10,
      height: 5,
      bytes: 10,
    },
  ],
  inViewersCircle: false,
  animationFrames: null,
  isMuted: false,
}

describe('the photo presenter', () => {
  it.each<Viewer>([ANONYMOUS, { kind: 'user', userId: '8' }, OWNER, { kind: 'link', linkId: '7' }])(
    'shows %j what the schema describes',
    (viewer) => {
      expect(() => PhotoSchema.strict().parse(present(card, viewer))).not.toThrow()
    },
  )

  it.each([
    [null, '2026-05-01T10:20:30'],
    [0, '2026-05-01T10:20:30+00:00'],
    [330, '2026-05-01T10:20:30+05:30'],
    [-210, '2026-05-01T10:20:30-03:30'],
  ])('adds an offset to the capture time only if it is known: %j', (offsetMinutes, expected) => {
    const takenAt = { local: '2026-05-01T10:20:30', offsetMinutes }
    expect(present({ ...card, takenAt }, ANONYMOUS).takenAt).toBe(expected)
  })

  it('shows the capture time to others only if the owner shares it', () => {
    const hidden = { ...card, shareTakenAt: false }
    expect(present(hidden, ANONYMOUS).takenAt).toBeNull()
    expect(present(hidden, { kind: 'user', userId: card.owner.userId }).takenAt).toBe('2026-05-01T10:20:30')
  })

  it("never shows an original's key or a non-expiring URL of a private photo", () => {
    expect(JSON.stringify(present(card, OWNER))).not.toContain('originals/')
    for (const change of [
      { visibility: 'followers' },
      { visibility: 'private' },
      { status: 'quarantined' },
      { owner: { ...card.owner, isPrivate: true } },
    ] as const) {
      const [thumb] = present({ ...card, ...change }, OWNER).variants
      expect(thumb!.expiresAt).toBeDefined()
      expect(new URL(thumb!.url).searchParams.get('e')).not.toBeNull()
    }
    expect(present(card, ANONYMOUS).variants).toHaveLength(1)
    expect(present(card, ANONYMOUS).variants[0]).not.toHaveProperty('expiresAt')
  })

  it('shows others a copy of the original where its owner allows downloads', () => {
    const copy = { variant: 'download', format: 'jpeg', width: 4000, height: 3000, bytes: 9 }
    const objectKey = `variants/${photoId}/2/download.jpeg`
    const stored = { ...card, variants: [...card.variants, { ...copy, objectKey }] }
    const originals = (allowDownload: boolean, viewer: Viewer) =>
      present({ ...stored, allowDownload }, viewer).variants.filter(({ name }) => name === 'original')
    expect(originals(true, ANONYMOUS)).toMatchObject([{ format: 'jpeg', width: 4000, bytes: 9 }])
    expect(originals(true, ANONYMOUS)[0]!.url).toContain(`/${objectKey}?a=3`)
    expect(originals(false, ANONYMOUS)).toEqual([])
    for (const { url } of originals(true, OWNER)) expect(url).toContain(`/v1/photos/${photoId}/original`)
    expect(originals(true, OWNER)).toHaveLength(1)
  })

  it("carries the current access epoch, whatever the key's epoch", () => {
    expect(new URL(present(card, ANONYMOUS).variants[0]!.url).searchParams.get('a')).toBe('3')
  })
})
