import { z } from 'zod'
import { parseTakenAt } from '../../../domain/taken-at.ts'
import { operation } from '../../operation.ts'
import { PhotoParams, shownAs } from '../inputs.ts'
import { metadataExample } from './examples.ts'

/** Where a photo was taken. */
export const LocationSchema = z.object({ latitude: z.number(), longitude: z.number() })

export const PlaceSchema = z
  .object({
    city: z
      .string()
      .nullable()
      .meta({ description: 'The nearest populated place within 30 km, in the same country.' }),
    region: z.string().nullable().meta({ description: 'State, province, canton …' }),
    country: z.string().meta({ description: 'In English.' }),
    countryCode: z.string().meta({ description: 'ISO 3166-1 alpha-2.' }),
  })
  .nullable()
  .meta({
    description: 'Names of the location, shown where it is; null at sea. Data of GeoNames, CC BY 4.0.',
  })

export const MetadataSchema = z
  .object({
    takenAt: z.string().nullable().meta({
      description:
        'Local time, with an offset only if it is known. null for others unless the owner shares it.',
    }),
    camera: z
      .object({
        make: z.string().nullable(),
        model: z.string().nullable(),
        lens: z.string().nullable(),
        exposureSeconds: z.number().nullable(),
        fNumber: z.number().nullable(),
        iso: z.number().int().nullable(),
        focalLength: z.number().nullable().meta({ description: 'In millimetres.' }),
        equivalentFocalLength: z
          .number()
          .int()
          .nullable()
          .meta({ description: 'The one that gives the same view on film of 35 mm.' }),
        flash: z.boolean().nullable().meta({ description: 'Whether it fired.' }),
      })
      .optional()
      .meta({ description: 'Only if the owner shares the camera; always for the owner.' }),
    location: LocationSchema.extend({
      altitude: z.number().nullable().meta({
        description:
          'Metres above sea level; null once the owner has chosen another place than the file names.',
      }),
    })
      .optional()
      .meta({ description: 'Only if the owner shares it; always for the owner.' }),
    place: PlaceSchema.optional(),
    width: z.number().int().nullable(),
    height: z.number().int().nullable(),
    file: z
      .object({
        contentType: z.string(),
        bytes: z.number().int(),
        orientation: z
          .number()
          .int()
          .meta({ description: "EXIF's, 1 to 8; `width` and `height` are upright." }),
        takenAt: z.string().nullable(),
        location: LocationSchema.nullable(),
      })
      .optional()
      .meta({
        description:
          'What the uploaded file itself says; only its owner sees it. To undo an edit, send its `takenAt` or `location` again.',
      }),
  })
  .meta({ id: 'PhotoMetadata' })

export const GetMetadata = operation({
  id: 'getPhotoMetadata',
  summary: 'Get how a photo was taken',
  description:
    'When, where and with what: for the owner all of it; for others who see the photo what `shareTakenAt`, `shareLocation` and ' +
    '`shareCamera` allow.',
  params: PhotoParams,
  examples: { answer: { metadata: metadataExample } },
  responses: { 200: z.object({ metadata: MetadataSchema }) },
  errors: ['not_found'],
})

/** When a photo was taken, as its owner sets it. */
const takenAt = z
  .string()
  .max(40)
  .transform((given, context) => {
    const read = parseTakenAt(given)
    if (read) return read
    context.addIssue({
      code: 'custom',
      message: 'A local time like 2024-05-01T12:34:56, with or without an offset, from 1826 on.',
    })
    return z.NEVER
  })
  .nullable()
  .meta({
    description:
      'Local time where the photo was taken, with an offset (+02:00) if it is known. It replaces the time in the file; null shows none.',
    ...shownAs({
      type: ['string', 'null'],
      pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:\\d{2})?$',
    }),
  })

/** Where a photo was taken, as its owner sets it. */
const location = z
  .strictObject({
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
  })
  .nullable()
  .meta({ description: 'WGS 84 degrees. It replaces the place in the file; null shows none.' })

export const timeAndPlace = { takenAt: takenAt.optional(), location: location.optional() }
