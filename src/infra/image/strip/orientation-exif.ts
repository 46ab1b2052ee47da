/** An EXIF block (from its byte order on) that tells the orientation and nothing else. */
export function orientationExif(orientation: number): Buffer {
  const exif = Buffer.from('MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0', 'latin1')
  exif.writeUInt16BE(orientation, 18)
  return exif
}

/** Orientations that turn or mirror the picture; 1 and whatever else is written do not. */
export const turns = (orientation: number): boolean => orientation >= 2 && orientation <= 8
