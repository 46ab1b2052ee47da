import { setFlagsFromString } from 'node:v8'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import { assertPixels } from './pixel-limit.ts'

/** The part of libheif's C API that is used; pointers are numbers, structs are returned through a first pointer. */
interface LibHeif {
  HEAPU8: Uint8Array
  HEAP32: Int32Array
  _malloc(bytes: number): number
  _free(pointer: number): void
  _heif_context_alloc(): number
  _heif_context_free(context: number): void
  _heif_context_set_maximum_image_size_limit(context: number, side: number): void
  _heif_context_read_from_memory(
    error: number,
    context: number,
    bytes: number,
    size: number,
    options: number,
  ): void
  _heif_context_get_primary_image_handle(error: number, context: number, out: number): void
  _heif_image_handle_release(handle: number): void
  _heif_image_handle_get_width(handle: number): number
  _heif_image_handle_get_height(handle: number): number
  _heif_image_handle_has_alpha_channel(handle: number): number
  _heif_decode_image(
    error: number,
    handle: number,
    out: number,
    colourspace: number,
    chroma: number,
    options: number,
  ): void
  _heif_image_release(image: number): void
  _heif_image_get_bits_per_pixel_range(image: number, channel: number): number
  _heif_image_get_decoding_warnings(image: number, first: number, out: number, max: number): number
  _heif_image_get_width(image: number, channel: number): number
  _heif_image_get_height(image: number, channel: number): number
  _heif_image_get_plane_readonly(image: number, channel: number, stride: number): number
}

/** Pixels as the file means them: upright, cropped, in the colours of the file's own profile. */
export interface HeicPixels {
  data: Buffer
  width: number
  height: number
  channels: 3 | 4
  /** 16-bit samples are little-endian and use the whole range. */
  depth: 'uchar' | 'ushort'
}

export interface HeicOptions {
  maxPixels: number
  /** Samples of 16 bit, which curves of high dynamic range need. */
  deep?: boolean
}

/** Values of libheif's enums. */
const colourspaceRgb = 1
const chromaOf = { rgb: 10, rgba: 11, deepRgb: 14, deepRgba: 15 }
const channelInterleaved = 10
const errorMemory = 6
const errorDecoder = 7
/** Of the struct that describes one: two numbers and a text. */
const errorBytes = 12
const MAX_WARNINGS = 100

/**
 * The most memory that libheif may take, in pages of 64 KiB: 768 MiB, where a picture of 50 megapixels takes 300. A file that
 * wants more is refused by an allocation that fails, and harms nobody.
 */
const maxMemoryPages = 12_288
/** Memory of WebAssembly never shrinks, so an instance that has grown beyond this is dropped after its picture. */
const keptBytes = 128 * 2 ** 20

let loaded: Promise<LibHeif> | undefined

async function load(): Promise<LibHeif> {
  setFlagsFromString(`--wasm-max-mem-pages=${maxMemoryPages}`)
  const { default: create } = await import('libheif-js/libheif-wasm/libheif-bundle.mjs')
  return (await create()) as LibHeif
}

/**
 * Decodes the primary image of a HEIC file with libheif and libde265 as WebAssembly, whose memory is its own: what a hostile
 * stream overwrites is nobody else's. Rotation, mirroring and cropping are applied as the file says; an EXIF orientation beside them says the
 * same once more, and is to be ignored.
 *
 * @throws InvalidImageError if it cannot be decoded, `too_many_pixels` among the reasons
 */
export async function decodeHeic(bytes: Buffer, options: HeicOptions): Promise<HeicPixels> {
  loaded ??= load()
  const lib = await loaded
  try {
    return new Decoding(lib, bytes, options).run()
  } catch (error) {
    // After a trap of WebAssembly, nobody knows the state of its memory.
    if (!(error instanceof InvalidImageError)) loaded = undefined
    throw error
  } finally {
    if (lib.HEAPU8.length > keptBytes) loaded = undefined
  }
}

/** One decode; everything that it takes of libheif's memory is given back in the end. */
class Decoding {
  readonly #lib: LibHeif
  readonly #bytes: Buffer
  readonly #options: HeicOptions
  readonly #givenBack: (() => void)[] = []

  constructor(lib: LibHeif, bytes: Buffer, options: HeicOptions) {
    this.#lib = lib
    this.#bytes = bytes
    this.#options = options
  }

  run(): HeicPixels {
    try {
      const pixels = this.#decode()
      this.#giveBack()
      return pixels
    } catch (error) {
      if (error instanceof InvalidImageError) this.#giveBack()
      throw error
    }
  }

  #giveBack(): void {
    for (const giveBack of this.#givenBack.reverse()) giveBack()
  }

  #decode(): HeicPixels {
    const lib = this.#lib
    const context = this.#keep(lib._heif_context_alloc(), (each) => lib._heif_context_free(each))
    // Twice the limit, as tiles reach over the picture's edge.
    lib._heif_context_set_maximum_image_size_limit(context, Math.ceil(Math.sqrt(2 * this.#options.maxPixels)))
    const input = this.#allocate(this.#bytes.length)
    lib.HEAPU8.set(this.#bytes, input)
    this.#call((error) => lib._heif_context_read_from_memory(error, context, input, this.#bytes.length, 0))
    const handle = this.#keep(
      this.#out((error, out) => lib._heif_context_get_primary_image_handle(error, context, out)),
      (each) => lib._heif_image_handle_release(each),
    )
    assertPixels(
      {
        width: lib._heif_image_handle_get_width(handle),
        height: lib._heif_image_handle_get_height(handle),
      },
      this.#options.maxPixels,
    )
    const channels = lib._heif_image_handle_has_alpha_channel(handle) ? 4 : 3
    const image = this.#keep(
      this.#out((error, out) =>
        lib._heif_decode_image(error, handle, out, colourspaceRgb, this.#chroma(channels), 0),
      ),
      (each) => lib._heif_image_release(each),
    )
    this.#refuseLostTiles(image)
    return this.#pixelsOf(image, channels)
  }

  #chroma(channels: 3 | 4): number {
    if (this.#options.deep) return channels === 4 ? chromaOf.deepRgba : chromaOf.deepRgb
    return channels === 4 ? chromaOf.rgba : chromaOf.rgb
  }

  /** A tile that cannot be decoded is left black, with a warning; damage within one is concealed by the decoder. */
  #refuseLostTiles(image: number): void {
    const warnings = this.#allocate(errorBytes * MAX_WARNINGS)
    const count = this.#lib._heif_image_get_decoding_warnings(image, 0, warnings, MAX_WARNINGS)
    const codes = Array.from({ length: count }, (_, i) => this.#lib.HEAP32[(warnings + errorBytes * i) >> 2])
    if (codes.includes(errorDecoder)) {
      throw new InvalidImageError('not_an_image', 'The tiles of the HEIC image cannot all be decoded.')
    }
  }

  #pixelsOf(image: number, channels: 3 | 4): HeicPixels {
    const lib = this.#lib
    const width = lib._heif_image_get_width(image, channelInterleaved)
    const height = lib._heif_image_get_height(image, channelInterleaved)
    assertPixels({ width, height }, this.#options.maxPixels)
    const strideAt = this.#allocate(4)
    const plane = lib._heif_image_get_plane_readonly(image, channelInterleaved, strideAt)
    const stride = lib.HEAP32[strideAt >> 2]!
    const row = width * channels * (this.#options.deep ? 2 : 1)
    const data = Buffer.allocUnsafeSlow(row * height)
    for (let y = 0; y < height; y++) {
      data.set(lib.HEAPU8.subarray(plane + y * stride, plane + y * stride + row), y * row)
    }
    if (!this.#options.deep) return { data, width, height, channels, depth: 'uchar' }
    widen(data, lib._heif_image_get_bits_per_pixel_range(image, channelInterleaved))
    return { data, width, height, channels, depth: 'ushort' }
  }

  #allocate(size: number): number {
    const pointer = this.#lib._malloc(size)
    if (pointer === 0) throw outOfMemory()
    return this.#keep(pointer, (each) => this.#lib._free(each))
  }

  #keep(pointer: number, giveBack: (pointer: number) => void): number {
    this.#givenBack.push(() => giveBack(pointer))
    return pointer
  }

  /** The pointer that a call writes. */
  #out(call: (error: number, out: number) => void): number {
    const out = this.#allocate(4)
    this.#call((error) => call(error, out))
    return this.#lib.HEAP32[out >> 2]!
  }

  #call(call: (error: number) => void): void {
    const error = this.#allocate(errorBytes)
    call(error)
    const [code, detail] = this.#lib.HEAP32.subarray(error >> 2, (error >> 2) + 2)
    if (code === 0) return
    if (code === errorMemory) throw outOfMemory()
    throw new InvalidImageError(
      'not_an_image',
      `The HEIC image cannot be decoded (libheif error ${code}.${detail}).`,
    )
  }
}

const outOfMemory = () => new Error('libheif ran out of memory')

/** Samples of fewer bits, in place, so that they use all 16. */
function widen(data: Buffer, bits: number): void {
  if (bits >= 16) return
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!
    samples[i] = (sample << (16 - bits)) | (sample >> (2 * bits - 16))
  }
}
