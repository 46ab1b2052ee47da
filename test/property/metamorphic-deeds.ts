import type { ApiWorld, Json, Person } from '../support/worlds/api-world.ts'

export interface Cast {
  people: readonly [Person, Person, Person]
  /** Each with its owner, who is one of the first two. */
  photos: readonly { id: string; owner: Person }[]
  /** The first person's, with the second as contributor. */
  albumId: string
  /** By the second person on the first photo. */
  commentId: string
  /** Of a share link of the album. */
  token: string
}

/**
 * Something that can be undone without a trace. Not here, as each leaves one on purpose: a block between those who follow
 * each other or share an album, which ends that; an answer to a request; an edit of a comment, which shows; a narrowing of a
 * photo in an album, which takes it back from the members; and taking away what was there, which comes back as the newest.
 */
export interface Deed {
  kind: string
  /** Of whom or what. */
  name: string
  /** What must not change meanwhile, and what it changes. Two deeds are independent if neither changes what the other names. */
  reads: readonly string[]
  writes: readonly string[]
  /** @returns how to undo it; undefined if it is refused or would change nothing, and so was not done */
  perform(): Promise<(() => Promise<void>) | undefined>
}

export function areIndependent(one: Deed, other: Deed): boolean {
  const disturbs = ({ writes }: Deed, of: Deed) =>
    writes.some((key) => of.reads.includes(key) || of.writes.includes(key))
  return !disturbs(one, other) && !disturbs(other, one)
}

/** Everything that one of the cast can do and undo. */
export function deedsOf(world: ApiWorld, { people, photos, albumId, commentId }: Cast): Deed[] {
  const [ann, bob, carol] = people

  async function ask(method: string, who: Person, path: string, body?: unknown): Promise<Json> {
    const answer = await world.call(method, `/v1${path}`, { token: who.token, body })
    return answer.status < 300 ? (answer.body ?? {}) : undefined
  }
  /** For the undoing, which nothing may refuse. */
  async function must(method: string, who: Person, path: string, body?: unknown): Promise<void> {
    const { status } = await world.call(method, `/v1${path}`, { token: who.token, body })
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}`)
  }
  const between = (one: Person, other: Person) => `between ${[one.id, other.id].sort().join()}`
  const relationship = async (who: Person, whom: Person): Promise<Json> =>
    (await ask('GET', who, `/users/${whom.username}`))?.user.relationship

  /** A PUT that a DELETE undoes, unless `isDone` already. */
  const toggle =
    (who: Person, path: string, isPossible: () => Promise<boolean>, body?: unknown): Deed['perform'] =>
    async () => {
      if (!(await isPossible()) || (await ask('PUT', who, path, body)) === undefined) return undefined
      return () => must('DELETE', who, path)
    }
  /** A PATCH that another undoes. */
  const edit =
    (who: Person, path: string, changesOf: (before: Json) => unknown): Deed['perform'] =>
    async () => {
      const [before] = Object.values(((await ask('GET', who, path)) ?? {}) as Record<string, Json>)
      if (before === undefined) return undefined
      const changes: Json = await changesOf(before)
      if (changes === undefined || (await ask('PATCH', who, path, changes)) === undefined) return undefined
      const previous = Object.fromEntries(Object.keys(changes).map((name) => [name, before[name]]))
      return () => must('PATCH', who, path, previous)
    }
  const members = async () =>
    ((await ask('GET', ann, `/albums/${albumId}/members`)).items as Json[]).map(({ user }) => user.id)
  const albumsOf = async ({ id, owner }: Cast['photos'][number]) =>
    ((await ask('GET', owner, `/photos/${id}/albums`))?.items ?? []) as Json[]

  const deeds: Deed[] = []
  for (const who of people) {
    for (const whom of people.filter((other) => other !== who)) {
      const named = `${who.username} ${whom.username}`
      deeds.push(
        {
          kind: 'follow',
          name: named,
          reads: [`privacy ${whom.id}`],
          writes: [between(who, whom)],
          perform: toggle(who, `/users/${whom.username}/follow`, async () => {
            const { following, requested } = (await relationship(who, whom)) ?? { following: true }
            return !following && !requested
          }),
        },
        {
          kind: 'block',
          name: named,
          reads: [],
          writes: [between(who, whom), `member ${who.id}`, `member ${whom.id}`],
          perform: toggle(who, `/users/${whom.username}/block`, async () => {
            const [there, back] = [await relationship(who, whom), await relationship(whom, who)]
            if (!there || !back || there.blocking || (await members()).includes(carol.id)) return false
            const isApart = [there, back].every(({ following, requested }) => !following && !requested)
            return isApart && [who, whom].includes(carol)
          }),
        },
        {
          kind: 'mute',
          name: named,
          reads: [between(who, whom)],
          writes: [`mute ${named}`],
          perform: toggle(who, `/users/${whom.username}/mute`, async () => {
            const { muting } = (await relationship(who, whom)) ?? { muting: true }
            return !muting
          }),
        },
      )
    }
    deeds.push({
      kind: 'turn private',
      name: who.username,
      reads: [],
      writes: [`privacy ${who.id}`],
      perform: edit(who, '/me', ({ isPrivate }) => (isPrivate ? undefined : { isPrivate: true })),
    })
    deeds.push({
      kind: 'rename',
      name: who.username,
      reads: [],
      writes: [`name ${who.id}`],
      perform: edit(who, '/me', () => ({ displayName: 'Someone', bio: 'Light on silver.' })),
    })
    for (const photo of photos) {
      const path = `/photos/${photo.id}`
      const seeing = [
        `sight ${photo.id}`,
        `privacy ${photo.owner.id}`,
        between(who, photo.owner),
        `member ${who.id}`,
        `item ${photo.id}`,
      ]
      deeds.push(
        {
          kind: 'like',
          name: `${who.username} ${photo.id}`,
          reads: seeing,
          writes: [`like ${who.id} ${photo.id}`],
          perform: toggle(who, `${path}/like`, async () => {
            const seen = await ask('GET', who, path)
            return seen?.photo.likedByMe === false
          }),
        },
        {
          kind: 'comment',
          name: `${who.username} ${photo.id}`,
          reads: [...seeing, `policy ${photo.id}`],
          writes: [],
          perform: async () => {
            const text = `Lovely, @${photo.owner.username}`
            const said = await ask('POST', who, `${path}/comments`, { text })
            return said && (() => must('DELETE', who, `/comments/${said.comment.id}`))
          },
        },
      )
    }
    const [{ id, owner }] = photos as [Cast['photos'][number]]
    deeds.push({
      kind: 'reply',
      name: who.username,
      reads: [
        `sight ${id}`,
        `privacy ${owner.id}`,
        between(who, owner),
        between(who, bob),
        `policy ${id}`,
        `member ${who.id}`,
      ],
      writes: [],
      perform: async () => {
        const said = await ask('POST', who, `/photos/${id}/comments`, { text: 'Yes', parentId: commentId })
        return said && (() => must('DELETE', who, `/comments/${said.comment.id}`))
      },
    })
    deeds.push({
      kind: 'make an album',
      name: who.username,
      reads: [],
      writes: [],
      perform: async () => {
        const made = await ask('POST', who, '/albums', { title: 'Fog' })
        return () => must('DELETE', who, `/albums/${made.album.id}`)
      },
    })
  }
  for (const photo of photos) {
    const { id, owner } = photo
    deeds.push(
      {
        kind: 'show to others',
        name: id,
        reads: [`item ${id}`],
        writes: [`sight ${id}`],
        perform: edit(owner, `/photos/${id}`, async ({ visibility }) => {
          if ((await albumsOf(photo)).length > 0) return undefined
          return { visibility: visibility === 'public' ? 'followers' : 'public' }
        }),
      },
      {
        kind: 'describe',
        name: id,
        reads: [],
        writes: [`texts ${id}`],
        perform: edit(owner, `/photos/${id}`, () => ({ caption: 'Fog #zürich', altText: 'Grey' })),
      },
      {
        kind: 'close to comments',
        name: id,
        reads: [],
        writes: [`policy ${id}`],
        perform: edit(owner, `/photos/${id}`, () => ({ commentPolicy: 'nobody' })),
      },
      {
        kind: 'delete',
        name: id,
        reads: [],
        writes: [`sight ${id}`, `item ${id}`, `texts ${id}`, `policy ${id}`],
        perform: async () => {
          if ((await ask('DELETE', owner, `/photos/${id}`)) === undefined) return undefined
          return () => must('POST', owner, `/photos/${id}/restore`)
        },
      },
      {
        kind: 'add to the album',
        name: id,
        reads: [`sight ${id}`, `member ${owner.id}`],
        writes: [`item ${id}`],
        perform: toggle(
          owner,
          `/albums/${albumId}/photos/${id}`,
          async () => !(await albumsOf(photo)).some((album) => album.id === albumId),
        ),
      },
    )
  }
  const album = `/albums/${albumId}`
  deeds.push(
    {
      kind: 'invite carol',
      name: albumId,
      reads: [between(ann, carol), between(bob, carol)],
      writes: [`member ${carol.id}`],
      perform: toggle(
        ann,
        `${album}/members/${carol.username}`,
        async () => !(await members()).includes(carol.id),
        {
          role: 'contributor',
        },
      ),
    },
    {
      kind: 'share the album',
      name: albumId,
      reads: [],
      writes: [],
      perform: async () => {
        const made = await ask('POST', ann, `${album}/share-links`, { label: 'For grandma' })
        return made && (() => must('DELETE', ann, `${album}/share-links/${made.link.id}`))
      },
    },
    {
      kind: 'retitle the album',
      name: albumId,
      reads: [],
      writes: ['title'],
      perform: edit(ann, album, () => ({ title: 'Rain', description: 'Wet' })),
    },
    {
      kind: 'show the album to followers',
      name: albumId,
      reads: [],
      writes: ['album sight'],
      perform: edit(ann, album, () => ({ visibility: 'followers' })),
    },
    {
      kind: 'order the album by date',
      name: albumId,
      reads: [],
      writes: ['album order'],
      perform: edit(ann, album, () => ({ order: 'date' })),
    },
  )
  return deeds
}
