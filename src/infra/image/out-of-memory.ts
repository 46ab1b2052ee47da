import { messageOf } from '../../observability/error-text.ts'

/** How libvips, its decoders, libc and V8 say that they got no memory; a thread that has no room for its stack is the same. */
const SAYINGS =
  /out of memory|insufficient memory|memory allocation|bad_alloc|cannot allocate|failed to allocate|ENOMEM|error creating thread/i

/** Whether an error says that memory ran out. In a child of its own limit, that is about the image. */
export const isOutOfMemory = (error: unknown): boolean => SAYINGS.test(messageOf(error))
