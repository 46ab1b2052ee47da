export { housekeeping } from './housekeeping.ts'
export { photoFanout } from './photo-fanout.ts'
export { photoSync } from './photo-sync.ts'
export { photoUpload } from './photo-upload.ts'
