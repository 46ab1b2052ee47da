import { describe, expectTypeOf, it } from 'vitest'
import type { z } from 'zod'
import type { NewPhoto } from '../../../services/photos/new-photo.ts'
import type { UpdatePhoto } from '../photos/schema.ts'
import type { openUpload } from './schema.ts'

type Opening = z.output<ReturnType<typeof openUpload>['body']>
type Edit = z.output<(typeof UpdatePhoto)['body']>

describe('the fields of a photo that a client gives', () => {
  it('all reach the service that opens an upload', () => {
    expectTypeOf<Exclude<keyof Opening, 'albumId' | 'multipart'>>().toEqualTypeOf<keyof NewPhoto>()
  })

  it('can all be edited, except what describes the original', () => {
    expectTypeOf<keyof Edit>().toEqualTypeOf<Exclude<keyof NewPhoto, 'contentType' | 'bytes' | 'sha256'>>()
  })
})
