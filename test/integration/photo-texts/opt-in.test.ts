import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEditAccount } from '../../../src/services/graph/edit-account.ts'
import { accountsOf } from '../../support/factories/accounts.ts'
import { forgetful } from '../../support/factories/outbox.ts'
import { textsOf } from '../../support/factories/photo-texts.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let ann: Person

beforeAll(async () => {
  world = await openApiWorld()
  ann = await world.signUp()
})
afterAll(() => world?.close())

const patchMe = (body: object) => world.call('PATCH', '/v1/me', { token: ann.token, body })
const me = () => world.call('GET', '/v1/me', { token: ann.token })
const owedOf = async (person: Person) => {
  const rows = await world.db.primary<{ kind: string }>({
    text: `SELECT kind FROM outbox WHERE payload->>'userId' = $1`,
    values: [person.id],
  })
  return rows.map(({ kind }) => kind)
}

describe('text in photos', () => {
  it('is read for an account that asks for it, until it does not', async () => {
    const published = await world.seedPhoto({ ownerId: ann.id })
    await world.seedPhoto({ ownerId: ann.id, status: 'failed' })
    expect((await me()).body.user).toMatchObject({ readTextInPhotos: false })
    expect(await textsOf(world.db, ann.id)).toEqual([])

    expect((await patchMe({ readTextInPhotos: true })).body.user).toMatchObject({ readTextInPhotos: true })
    expect(await textsOf(world.db, ann.id)).toMatchObject([{ photo_id: published, state: 'owed' }])
    expect(await owedOf(ann)).toEqual([])
    // Another edit changes nothing about it.
    await patchMe({ bio: 'Light on silver.' })
    expect((await me()).body.user).toMatchObject({ readTextInPhotos: true })

    await patchMe({ readTextInPhotos: false })
    expect(await textsOf(world.db, ann.id)).toEqual([])
    // Its documents follow.
    expect(await owedOf(ann)).toEqual(['accountChanged'])
  })

  it('is shared by its owner alone, who alone sees that it is', async () => {
    const bob = await world.signUp()
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    const path = `/v1/photos/${photoId}`
    const show = async (person: Person) => (await world.call('GET', path, { token: person.token })).body.photo
    expect(await show(ann)).toMatchObject({ shareText: false })
    const share = (person: Person) =>
      world.call('PATCH', path, { token: person.token, body: { shareText: true } })
    expect((await share(bob)).status).toBe(403)
    expect((await share(ann)).body.photo).toMatchObject({ shareText: true })
    expect(await show(bob)).not.toHaveProperty('shareText')
  })

  it('is not read where the settings want none', async () => {
    const { db } = world
    const edit = createEditAccount({
      db,
      accounts: accountsOf(db),
      outbox: forgetful(db),
      mayReadTexts: false,
    })
    await expect(edit(ann.id, { readTextInPhotos: true })).rejects.toMatchObject({
      code: 'invalid',
      fields: [{ path: 'body.readTextInPhotos' }],
    })
    expect(await edit(ann.id, { readTextInPhotos: false, bio: null })).toMatchObject({ bio: null })
  })
})
