/** Of the 64 bits of their hashes, so many may differ between copies of a picture; beyond it different pictures would be taken for copies. */
export const MAX_HASH_DISTANCE = 8
