import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordFileMetadata } from '../../../src/services/photos/file-metadata.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

describe('metadata of a photo', () => {
  let world: ApiWorld
  let ann: Person
  let bob: Person

  beforeAll(async () => {
    world = await openApiWorld()
    ann = await world.signUp()
    bob = await world.signUp()
  })
  afterAll(() => world?.close())

  const takenAt = { local: '2024-05-01T12:34:56', offsetMinutes: 120 }
  const location = { latitude: 47.4, longitude: 47.4 }
  const camera = { cameraMake: 'FUJIFILM', cameraModel: 'X-T5', lens: 'XF23', exposureSeconds: 0.004 }
  const settings = { fNumber: 2.8, iso: 160, focalLength: 23, equivalentFocalLength: 35, flash: false }

  /** As validation leaves it. */
  async function seed() {
    const id = await world.seedPhoto({ ownerId: ann.id, latitude: 47.4, camera: 'FUJIFILM X-T5' })
    const file = { orientation: 6, takenAt, location, altitude: 408.5, ...camera, ...settings }
    await recordFileMetadata(world.db.primary, id, file)
    await world.db.primary({
      text: `UPDATE photos SET taken_at = '2024-05-01T12:34:56', taken_at_offset = 120 WHERE photo_id = $1`,
      values: [id],
    })
    return id
  }
  const read = async (person: Person | undefined, id: string) =>
    (await world.call('GET', `/v1/photos/${id}/metadata`, { token: person?.token })).body.metadata
  const photoOf = async (person: Person, id: string) =>
    (await world.call('GET', `/v1/photos/${id}`, { token: person.token })).body.photo
  const patch = (person: Person, id: string, body: object) =>
    world.call('PATCH', `/v1/photos/${id}`, { token: person.token, body })

  const shownCamera = {
    make: 'FUJIFILM',
    model: 'X-T5',
    lens: 'XF23',
    exposureSeconds: 0.004,
    ...settings,
  }
  const place = { city: 'Tambovka', region: 'Astrakhan Oblast', country: 'Russia', countryCode: 'RU' }
  const shownLocation = { ...location, altitude: 408.5 }
  const size = { width: 1000, height: 500 }

  it('is all there for the owner', async () => {
    expect(await read(ann, await seed())).toEqual({
      takenAt: '2024-05-01T12:34:56+02:00',
      camera: shownCamera,
      location: shownLocation,
      place,
      ...size,
      file: {
        contentType: 'image/jpeg',
        bytes: 10,
        orientation: 6,
        takenAt: '2024-05-01T12:34:56+02:00',
        location,
      },
    })
  })

  it('reaches others field by field, as its owner shares it', async () => {
    const id = await seed()
    const all = { takenAt: '2024-05-01T12:34:56+02:00', camera: shownCamera, location: shownLocation }
    for (const shareTakenAt of [false, true])
      for (const shareCamera of [false, true])
        for (const shareLocation of [false, true]) {
          await patch(ann, id, { shareTakenAt, shareCamera, shareLocation })
          const expected = {
            ...size,
            takenAt: shareTakenAt ? all.takenAt : null,
            ...(shareCamera ? { camera: all.camera } : {}),
            ...(shareLocation ? { location: all.location, place } : {}),
          }
          for (const viewer of [bob, undefined]) expect(await read(viewer, id)).toEqual(expected)
        }
  })

  it('is absent with a photo that the viewer may not see', async () => {
    const id = await seed()
    await patch(ann, id, { visibility: 'private', shareLocation: true })
    for (const token of [bob.token, undefined])
      expect((await world.call('GET', `/v1/photos/${id}/metadata`, { token })).status).toBe(404)
  })

  it('of a photo without any says so', async () => {
    const id = await world.seedPhoto({ ownerId: ann.id })
    expect(await read(ann, id)).toEqual({ takenAt: null, ...size })
  })

  it('gives way to what the owner sets, and comes back by sending it again', async () => {
    const id = await seed()
    await patch(ann, id, { shareLocation: true })
    const edited = await patch(ann, id, {
      takenAt: '1999-12-31T23:59',
      location: { latitude: 0, longitude: 0 },
    })
    expect(edited.body.photo).toMatchObject({
      takenAt: '1999-12-31T23:59:00',
      location: { latitude: 0, longitude: 0 },
    })
    const { file, ...shown } = await read(ann, id)
    expect(shown).toMatchObject({
      takenAt: '1999-12-31T23:59:00',
      location: { latitude: 0, longitude: 0, altitude: null },
      place: null,
    })
    expect(await photoOf(bob, id)).toMatchObject({ place: null })
    await patch(ann, id, { location: { latitude: 41.9022, longitude: 12.4533 } })
    for (const viewer of [ann, bob])
      expect(await photoOf(viewer, id)).toMatchObject({ place: { countryCode: 'VA' } })
    await patch(ann, id, { shareLocation: false })
    expect(await photoOf(bob, id)).not.toHaveProperty('place')
    await patch(ann, id, { shareLocation: true })

    await patch(ann, id, { takenAt: null, location: null })
    for (const viewer of [ann, bob]) {
      expect(await read(viewer, id)).not.toHaveProperty('location')
      expect(await read(viewer, id)).not.toHaveProperty('place')
      expect((await read(viewer, id)).takenAt).toBeNull()
    }

    await patch(ann, id, { takenAt: file.takenAt, location: file.location })
    expect(await read(ann, id)).toMatchObject({
      takenAt: '2024-05-01T12:34:56+02:00',
      location: shownLocation,
    })
  })

  it('raises the version only by an edit that changes something', async () => {
    const id = await seed()
    const versionOf = async () => {
      const [row] = await world.db.primary<{ version: number }>({
        text: 'SELECT version FROM photos WHERE photo_id = $1',
        values: [id],
      })
      return row!.version
    }
    const edit = { takenAt: '2024-05-01T12:00:00-03:30', location: { latitude: 1.5, longitude: -2 } }
    await patch(ann, id, edit)
    expect(await versionOf()).toBe(2)
    await patch(ann, id, edit)
    expect(await versionOf()).toBe(2)
    await patch(ann, id, { location: { latitude: 1.5, longitude: 2 } })
    expect(await versionOf()).toBe(3)
  })

  it('may be set as the upload is opened', async () => {
    const { status, body } = await world.call('POST', '/v1/photos', {
      token: ann.token,
      body: { contentType: 'image/jpeg', bytes: 10, takenAt: '2020-02-29T10:00:00Z', location: null },
    })
    expect(status).toBe(201)
    expect(body.photo.takenAt).toBe('2020-02-29T10:00:00+00:00')
  })

  it.each([
    [{ takenAt: '2023-02-29T12:00:00' }, 'body.takenAt'],
    [{ takenAt: 'yesterday' }, 'body.takenAt'],
    [{ takenAt: '3024-05-01T12:34:56' }, 'body.takenAt'],
    [{ takenAt: 0 }, 'body.takenAt'],
    [{ location: { latitude: 90.1, longitude: 0 } }, 'body.location.latitude'],
    [{ location: { latitude: 0, longitude: -180.1 } }, 'body.location.longitude'],
    [{ location: { latitude: 0 } }, 'body.location.longitude'],
    [{ location: { latitude: 0, longitude: 0, altitude: 1 } }, 'body.location.altitude'],
  ])('refuses %j', async (body, path) => {
    const id = await seed()
    const answer = await patch(ann, id, body)
    expect(answer.status).toBe(422)
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path)
    expect((await read(ann, id)).location).toEqual(shownLocation)
  })

  it('is edited by the owner alone', async () => {
    const id = await seed()
    expect((await patch(bob, id, { takenAt: null })).status).toBe(403)
  })
})
