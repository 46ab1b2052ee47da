import { describe, expect, it } from 'vitest'
import { readTakenWith } from './read-taken-with.ts'
import { readXmp } from './xmp.ts'
import { exifOf } from '../../../test/support/factories/exif.ts'

const packet = (attributes: string, elements = '') => `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
  <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:e="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" ${attributes}>${elements}</rdf:Description>
  </rdf:RDF></x:xmpmeta><?xpacket end="w"?>`

describe('readXmp', () => {
  it('reads attributes, elements, lists and structures, by namespace', () => {
    const read = readXmp(
      packet(
        `e:DateTimeOriginal="2024-05-01T12:34:56.7+02:00" tiff:Make="FUJIFILM" tiff:Model="X-T5" aux:Lens="XF23 &amp; more"
         e:GPSLatitude="47,22.5N" e:GPSLongitude="8,33,0W" e:GPSAltitude="4085/10"`,
        `<e:ExposureTime>1/250</e:ExposureTime><e:FNumber>28/10</e:FNumber>
         <e:ISOSpeedRatings><rdf:Seq><rdf:li>160</rdf:li><rdf:li>3200</rdf:li></rdf:Seq></e:ISOSpeedRatings>
         <e:Flash e:Fired="True"/><e:FocalLength>23/1</e:FocalLength><e:FocalLengthIn35mmFilm>35</e:FocalLengthIn35mmFilm>
         <dc:description><rdf:Alt><rdf:li xml:lang="x-default">words</rdf:li></rdf:Alt></dc:description>`,
      ),
    )
    expect(read).toEqual({
      takenAt: { local: '2024-05-01T12:34:56', offsetMinutes: 120 },
      camera: 'FUJIFILM X-T5',
      cameraMake: 'FUJIFILM',
      cameraModel: 'X-T5',
      lens: 'XF23 & more',
      exposureSeconds: 0.004,
      fNumber: 2.8,
      iso: 160,
      focalLength: 23,
      equivalentFocalLength: 35,
      flash: true,
      location: { latitude: 47.375, longitude: -8.55 },
      altitude: 408.5,
    })
  })

  it.each([
    [
      'no offset',
      'e:DateTimeOriginal="2024-05-01T12:34:56"',
      { local: '2024-05-01T12:34:56', offsetMinutes: null },
    ],
    [
      'the creation',
      'photoshop:DateCreated="2024-05-01T12:34Z"',
      { local: '2024-05-01T12:34:00', offsetMinutes: 0 },
    ],
    ['an impossible time', 'e:DateTimeOriginal="2023-02-30T12:34:56"', undefined],
    ['a date alone', 'photoshop:DateCreated="2024-05-01"', undefined],
    [
      'the edit alone',
      'xmp:ModifyDate="2024-05-01T12:34:56" xmp:CreateDate="2024-05-01T12:34:56"',
      undefined,
    ],
  ])('reads the time of a photo with %s', (_what, attributes, takenAt) => {
    expect(readXmp(packet(attributes)).takenAt).toEqual(takenAt)
  })

  it.each([
    ['nothing', undefined],
    ['no XML', 'e:Lens="x"'],
    ['a cut packet', packet('aux:Lens="x"').slice(0, -40)],
    ['entities', `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>${packet('aux:Lens="x"')}`],
    ['an unknown entity', packet('aux:Lens="&b;"')],
    ['a prefix without namespace', '<rdf:RDF><aux:Lens>x</aux:Lens></rdf:RDF>'],
    ['a thousand levels', packet('', '<a>'.repeat(1000) + '</a>'.repeat(1000))],
    ['ten thousand elements', packet('aux:Lens="x"', '<a/>'.repeat(10_000))],
    ['a megabyte', packet('aux:Lens="x"', ' '.repeat(1_000_000))],
  ])('reads nothing from %s', (_what, xmp) => {
    expect(readXmp(xmp)).toEqual({})
  })
})

describe('readTakenWith', () => {
  it('takes from XMP what EXIF lacks, and never half of a place', () => {
    const exif = exifOf({ gps: { latitude: [47], longitude: [8] } })
    const xmpAsString = packet('e:GPSLatitude="1,0N" e:GPSLongitude="1,0E" e:GPSAltitude="5/1" aux:Lens="L"')
    expect(readTakenWith({ exif, xmpAsString })).toEqual({
      location: { latitude: 47, longitude: 8 },
      lens: 'L',
    })
    expect(readTakenWith({ xmpAsString })).toEqual({
      location: { latitude: 1, longitude: 1 },
      altitude: 5,
      lens: 'L',
    })
  })
})
