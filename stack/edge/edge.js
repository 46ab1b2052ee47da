// The edge's decisions, run by nginx's njs (an ES5 core with const, arrows, async; no destructuring, no classes).
// `settings` is settings.json, preloaded by nginx.conf and frozen (its arrays have no methods): see readSettings in
// config.ts.
/* global ngx, settings */
import crypto from 'crypto'
import fs from 'fs'

// 1: what is signed beside path and expiry; 2: the photo's epoch; 3 and 4: the owner and their epoch; 5: the share link that it
// was issued through; 6: the expiry; 7: the signature.
const QUERY =
  /^(a=(0|[1-9][0-9]{0,14})&o=([1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,14})(?:&l=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))?)(?:&e=([1-9][0-9]{0,11}))?&s=([A-Za-z0-9_-]{43})$/
// 1: the folder; 2: the photo; 3: the epoch at which its objects were stored; 4: the variant; 5: the format, or `auto`.
const VARIANT_PATH =
  /^(\/variants\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/(0|[1-9][0-9]{0,14})\/)([a-z][a-z0-9_]{0,31})\.(auto|jpeg|jpg|webp|avif|png|gif|heic|heif|tiff)$/
const CHANGES = 'changes' // beside the subjects in the deny table
const SUBJECT =
  /^(?:(?:link\/)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:account|audience)\/[1-9][0-9]{0,18})$/

// A URL whose format is chosen for each request: it reaches the size that its signature covers, or the next smaller one for
// clients that save data, in one of these formats, and nothing else.
const AUTO = 'auto'
const FORMATS = ['avif', 'webp', 'jpeg'] // best first; everyone takes the last
const CONTENT_TYPES = {
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  avif: 'image/avif',
  png: 'image/png',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  tiff: 'image/tiff',
}
// A better format may be stored within minutes of the upload.
const SECOND_CHOICE_SECONDS = 60

// The client gets it as the `code` of a 403; only 'allowed' lets the request pass.
function verdict(r) {
  const path = r.variables.edge_path
  const parts = VARIANT_PATH.exec(path)
  const query = QUERY.exec(r.variables.args || '')
  if (!parts || !query) return 'bad_signature'
  if (parts[5] === AUTO && sizesBeside(parts[4]).length === 0) return 'bad_signature'

  const expiry = query[6] || 'public'
  const mac = crypto
    .createHmac('sha256', settings.signingKey)
    .update(path + '\n' + query[1] + '\n' + expiry)
    .digest('base64url')
  if (!sameText(mac, query[7])) return 'bad_signature'
  // A denial of a link lasts an hour, so that no URL of it may outlive that.
  if (query[5] && !query[6]) return 'bad_signature'

  if (query[6]) {
    const secondsLeft = Number(query[6]) - nowSeconds()
    if (secondsLeft <= 0) return 'expired'
    // No signer may hand out more than the ten minutes that a lost right may linger.
    if (secondsLeft > settings.maxSignedSeconds + settings.clockSkewSeconds) return 'bad_signature'
  }

  if (isDenied(parts[2], query[2]) || isDenied('account/' + query[3], query[4])) return 'denied'
  if (query[6] && isDenied('audience/' + query[3], query[4])) return 'denied'
  if (query[5] && isDenied('link/' + query[5], 0)) return 'denied'
  return 'allowed'
}

function isDenied(subject, epoch) {
  const minimum = ngx.shared.deny.get(subject)
  return minimum !== undefined && Number(epoch) < minimum
}

// Objects of an epoch that was denied are about to be deleted: a fetch that was under way must not bring them back.
function superseded(r) {
  const parts = VARIANT_PATH.exec(r.variables.edge_path)
  if (!parts) return '1'
  return isDenied(parts[2], parts[3]) ? '1' : ''
}

// What the client's own cache may do. A public URL says as much for ever; its epoch ends it at the edges.
function cacheControl(r) {
  if (r.status >= 400) return 'no-store' // a tombstone, or an unsatisfiable range
  const seconds = secondsToKeep(r)
  if (!isPublic(r)) return 'private, max-age=' + seconds
  const immutable = isSecondChoice(r) ? '' : ', immutable'
  const shared = sharedSeconds(r)
  if (shared === 0) return 'private, max-age=' + seconds + immutable
  return 'public, max-age=' + seconds + ', s-maxage=' + shared + immutable
}

// Caches that no retraction purges must not keep an image (RFC 9213).
function sharedCacheControl(r) {
  const shared = r.status < 400 ? sharedSeconds(r) : 0
  return shared === 0 ? 'no-store' : 'max-age=' + shared
}

function secondsToKeep(r) {
  const query = QUERY.exec(r.variables.args || '')
  const most = isSecondChoice(r) ? SECOND_CHOICE_SECONDS : 31536000
  if (!query) return 0
  return query[6] ? Math.min(most, Math.max(0, Number(query[6]) - nowSeconds())) : most
}

function sharedSeconds(r) {
  return isPublic(r) && settings.sharedSeconds > 0 ? Math.min(settings.sharedSeconds, secondsToKeep(r)) : 0
}

function isPublic(r) {
  const query = QUERY.exec(r.variables.args || '')
  return query !== null && !query[6]
}

function isSecondChoice(r) {
  return r.variables.edge_object !== r.variables.edge_first
}

function vary(r) {
  return isNegotiated(r) ? 'Accept, Save-Data' : ''
}

function isNegotiated(r) {
  const parts = VARIANT_PATH.exec(r.variables.edge_path)
  return parts !== null && parts[5] === AUTO
}

// Only one of our own names, whatever a file was once called. A download is for saving, not for showing.
function disposition(r) {
  const parts = VARIANT_PATH.exec(r.variables.edge_object)
  if (!parts) return ''
  const how = parts[4] === 'download' ? 'attachment' : 'inline'
  return how + '; filename="' + parts[2] + '-' + parts[4] + '.' + parts[5] + '"'
}

// Who is counted by the limits: an address, or the network /64 that one subscriber has of IPv6.
function client(r) {
  if (r.variables.edge_unlimited) return ''
  const address = r.variables.remote_addr
  return address.indexOf(':') < 0 ? address : network64(address)
}

function network64(address) {
  const halves = address.split('::')
  const left = halves[0] ? halves[0].split(':') : []
  const right = halves.length > 1 && halves[1] ? halves[1].split(':') : []
  while (halves.length > 1 && left.length + right.length < 8) left.push('0')
  return left.concat(right).slice(0, 4).join(':')
}

// The stored objects that a request may get, best first. Depends on nothing of the request's headers but which of the three
// formats it takes and whether it saves data, so that six answers at most are told apart.
function objectsOf(r) {
  const path = r.variables.edge_path
  const parts = VARIANT_PATH.exec(path)
  if (!parts || parts[5] !== AUTO) return [path]
  const sizes = sizesBeside(parts[4])
  const at = sizes.indexOf(parts[4])
  const wanted = savesData(r) && at > 0 ? [sizes[at - 1], sizes[at]] : [sizes[at]]
  const taken = acceptedFormats(r.headersIn.Accept || '')
  const objects = []
  wanted.forEach((size) => taken.forEach((format) => objects.push(parts[1] + size + '.' + format)))
  return objects
}

// The sizes of photos or those of avatars, smallest first; none if it is of neither.
function sizesBeside(size) {
  const families = Array.from(settings.sizes).map((sizes) => Array.from(sizes))
  return families.filter((sizes) => sizes.includes(size))[0] || []
}

function savesData(r) {
  return /^\s*on\s*(?:[;,]|$)/i.test(r.headersIn['Save-Data'] || '')
}

// Wildcards count for nothing: browsers that name neither format send them too.
function acceptedFormats(accept) {
  const named = accept.toLowerCase().split(',')
  return FORMATS.filter((format) => {
    if (format === FORMATS[FORMATS.length - 1]) return true
    return named.some((range) => {
      const parts = range.split(';')
      return parts[0].trim() === CONTENT_TYPES[format] && !parts.slice(1).some(isRefusal)
    })
  })
}

function isRefusal(parameter) {
  return /^\s*q\s*=\s*0(?:\.0*)?\s*$/.test(parameter)
}

function firstObject(r) {
  return objectsOf(r)[0]
}

function nextObject(r) {
  const objects = objectsOf(r)
  return objects[objects.indexOf(r.variables.edge_object) + 1] || ''
}

// Where nginx goes on when the object is absent, or the origin does not say.
function ifAbsent(r) {
  if (nextObject(r)) return '@next'
  return r.variables.edge_failed ? '@origin_failed' : '@absent'
}

function ifFailed(r) {
  return nextObject(r) ? '@next_after_failure' : '@origin_failed'
}

// What a share link shows is not for search engines. An empty header is not sent.
function robots(r) {
  const query = QUERY.exec(r.variables.args || '')
  return query && query[5] ? 'noindex' : ''
}

const KEPT_HEADERS = ['content-length', 'last-modified', 'etag', 'accept-ranges', 'content-range']

// Whatever else the origin says (request ids, storage class, metadata) stays inside. The type is the path's, which we chose,
// not what the object was once stored with.
function keepImageHeaders(r) {
  const parts = VARIANT_PATH.exec(r.variables.edge_object)
  if (parts && r.status < 300) r.headersOut['Content-Type'] = CONTENT_TYPES[parts[5]]
  Object.keys(r.headersOut).forEach((name) => {
    if (!KEPT_HEADERS.includes(name.toLowerCase()) && name !== 'Content-Type') delete r.headersOut[name]
  })
}

// AWS Signature Version 4 for `GET /<bucket><path>` without query, body unsigned.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
function originAuthorization(r) {
  const origin = settings.origin
  const date = r.variables.edge_origin_date
  const day = date.slice(0, 8)
  const scope = day + '/' + origin.region + '/s3/aws4_request'
  const signedHeaders = 'host;x-amz-content-sha256;x-amz-date'
  const canonical = [
    'GET',
    origin.bucketPath + r.variables.edge_object, // unreserved characters and slashes only, so nothing to encode
    '',
    'host:' + origin.host,
    'x-amz-content-sha256:UNSIGNED-PAYLOAD',
    'x-amz-date:' + date,
    '',
    signedHeaders,
    'UNSIGNED-PAYLOAD',
  ].join('\n')
  const canonicalHash = crypto.createHash('sha256').update(canonical).digest('hex')
  const dayKey = hmac('AWS4' + origin.secretAccessKey, day)
  const key = hmac(hmac(hmac(dayKey, origin.region), 's3'), 'aws4_request')
  const signature = crypto
    .createHmac('sha256', key)
    .update(['AWS4-HMAC-SHA256', date, scope, canonicalHash].join('\n'))
    .digest('hex')
  return (
    'AWS4-HMAC-SHA256 Credential=' +
    origin.accessKeyId +
    '/' +
    scope +
    ', SignedHeaders=' +
    signedHeaders +
    ', Signature=' +
    signature
  )
}

function originDate() {
  return new Date().toISOString().replace(/[-:]|\.[0-9]{3}/g, '')
}

// PUT /_edge/deny/<photo id>?min=<epoch>, /_edge/deny/account/<user id>?min=<epoch>, /_edge/deny/audience/<user id>?min=<epoch> or
// /_edge/deny/link/<link id>?min=1: from this answer on, and after any restart, no URL with a lower `a` of the photo, or a lower
// `o` of the account, is served; of the audience, none that expires; of the link, none with this `l`.
async function deny(r) {
  if (!mayAdminister(r)) return answer(r, 403, { code: 'forbidden' })
  if (r.method !== 'PUT') return answer(r, 405, { code: 'method_not_allowed' })
  const subject = r.uri.slice('/_edge/deny/'.length)
  const query = /^min=([1-9][0-9]{0,14})$/.exec(r.variables.args || '')
  if (!SUBJECT.test(subject) || !query) return answer(r, 400, { code: 'malformed' })

  let raised
  try {
    raised = await raiseMinimum(subject, Number(query[1]))
  } catch (error) {
    if (error.name === 'SharedMemoryError') return answer(r, 507, { code: 'deny_table_full' })
    throw error
  }
  if (!raised || !(await isSaved(raised.change))) return answer(r, 503, { code: 'not_saved' })
  answer(r, 200, { subject: subject, min: raised.minimum })
}

// Read and write are two steps and nginx has several workers, so a key beside the entry is the lock, and its timeout
// frees it when a worker dies holding it. Returns the entry and the number of the change, or undefined without the lock.
async function raiseMinimum(subject, wanted) {
  const table = ngx.shared.deny
  const lock = 'lock/' + subject
  const deadline = Date.now() + settings.denyAnswerMs
  while (!table.add(lock, 1, settings.denyLockMs)) {
    if (Date.now() > deadline) return undefined
    await sleep(5)
  }
  try {
    const present = table.get(subject)
    const minimum = present !== undefined && present > wanted ? present : wanted
    table.set(subject, minimum)
    // It starts at the clock, so that a restarted count is never below one seen before.
    return { minimum: minimum, change: table.incr(CHANGES, 1, Date.now()) }
  } finally {
    table.delete(lock)
  }
}

// nginx writes the table's state file up to a second after a change. Waiting for it makes "denied" survive kill -9.
// The count of changes is saved with the entries, so that many denies at once share one look into the file.
async function isSaved(change) {
  const deadline = Date.now() + settings.denyAnswerMs
  while (Date.now() < deadline) {
    if (lastSavedChange() >= change) return true
    await sleep(50)
  }
  return false
}

function lastSavedChange() {
  const seen = ngx.shared.deny_saved
  const path = ngx.prefix + settings.denyStatePath
  try {
    const writtenMs = fs.statSync(path).mtimeMs
    if (writtenMs !== seen.get('writtenMs')) {
      const label = '"' + CHANGES + '":{"value":'
      const file = fs.readFileSync(path)
      const at = file.indexOf(label)
      if (at >= 0)
        seen.set('change', parseFloat(file.slice(at + label.length, at + label.length + 24).toString()))
      seen.set('writtenMs', writtenMs)
    }
    return seen.get('change') || 0
  } catch (error) {
    return 0 // not there yet
  }
}

// GET /_edge/purge<path>: replaces what is cached under the path and proves it, origin up or down.
// Answers {path, found: 'cached' | 'absent', now: 'gone'}.
async function purge(r) {
  if (!mayAdminister(r)) return answer(r, 403, { code: 'forbidden' })
  const path = r.uri.slice('/_edge/purge'.length)
  const parts = VARIANT_PATH.exec(path)
  if (!parts || parts[5] === AUTO) return answer(r, 400, { code: 'malformed' })

  const before = await r.subrequest('/_edge_probe' + path, { method: 'HEAD' })
  const replaced = await r.subrequest('/_edge_replace' + path, { method: 'GET' })
  const after = await r.subrequest('/_edge_probe' + path, { method: 'HEAD' })
  if (replaced.status !== 404 || after.status !== 404)
    return answer(r, 503, { code: 'not_purged', path: path })
  answer(r, 200, { path: path, found: before.status === 200 ? 'cached' : 'absent', now: 'gone' })
}

// GET /_edge/health: 503 if nginx's account cannot write, which the log would not show (see error_log in nginx.conf).
function health(r) {
  const unwritable = Array.from(settings.writtenFolders).filter((folder) => !isWritable(folder))
  if (unwritable.length > 0) return answer(r, 503, { status: 'not_writable', folders: unwritable.length })
  answer(r, 200, { status: 'ok' })
}

function isWritable(folder) {
  try {
    fs.accessSync(
      folder[0] === '/' ? folder : ngx.prefix + folder,
      fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK,
    )
    return true
  } catch (error) {
    return false
  }
}

function mayAdminister(r) {
  return sameText(settings.purgeToken, r.headersIn['X-Purge-Token'] || '')
}

function answer(r, status, body) {
  r.headersOut['Content-Type'] = 'application/json'
  r.headersOut['Cache-Control'] = 'no-store'
  r.return(status, JSON.stringify(body) + '\n')
}

// Compares in a time that depends on the expected length only.
function sameText(expected, given) {
  let difference = expected.length ^ given.length
  for (let i = 0; i < expected.length; i++) {
    difference |= expected.charCodeAt(i) ^ (given.charCodeAt(i) || 0)
  }
  return difference === 0
}

function hmac(key, text) {
  return crypto.createHmac('sha256', key).update(text).digest()
}

function nowSeconds() {
  return Math.floor(Date.now() / 1000)
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

export default {
  verdict,
  superseded,
  cacheControl,
  sharedCacheControl,
  vary,
  disposition,
  client,
  firstObject,
  nextObject,
  ifAbsent,
  ifFailed,
  robots,
  keepImageHeaders,
  originAuthorization,
  originDate,
  deny,
  purge,
  health,
}
