/**
 * The longest texts, in characters. Entities, tables (compared in test/integration/entities) and the API's inputs take
 * them from here. A longer limit needs a migration; a shorter one also needs a look at what is stored.
 */
export const MAX_CHARACTERS = {
  username: 64,
  displayName: 100,
  bio: 1_000,
  /** Longer ones of no browser; the rest is cut off. */
  userAgent: 300,
  deviceName: 100,
  /** What a personal access token is for. */
  tokenName: 100,
  passkeyName: 100,
  /** Of an OpenID provider; its standard says 255 ASCII characters at most. */
  subject: 255,
  issuer: 255,
  providerName: 32,
  /** Of a factor, encrypted, with the name of its key. */
  sealedSecret: 255,
  caption: 2_200,
  altText: 1_000,
  /** That was read in a photo; the rest is cut off. */
  textInPhoto: 4_000,
  comment: 2_200,
  albumTitle: 100,
  albumDescription: 2_000,
  /** Whom a share link is for. */
  linkLabel: 100,
  /** Of an argon2id hash in its PHC form, with room for other parameters. */
  passwordHash: 255,
  /** What a guest calls an upload, or themselves. */
  guestName: 100,
  contentType: 100,
  /** The maker and model that a camera writes; the rest is cut off. */
  camera: 200,
  /** Its maker or its model alone; the rest is cut off. */
  cameraPart: 100,
  lens: 200,
  /** In base64; a thumbhash has at most 25 bytes. */
  thumbhash: 64,
  failureCode: 40,
  failureDetail: 500,
  /** S3's own limit, in bytes; keys are ASCII. */
  objectKey: 1_024,
  variant: 32,
  recipe: 100,
  format: 16,
  /** Folded, of its names; what goes beyond is not searched. */
  accountWord: 64,
  /** Folded; a longer run of letters is not a hashtag. */
  tag: 100,
  /** As written: folding drops marks, and they may be piled on one letter without end. */
  tagDisplay: 400,
  idempotencyKey: 255,
  /** Of a part, as the storage gave it. */
  etag: 128,
  /** Why a picture is on the block list, or what a text rule is against. */
  blockReason: 100,
  /** What a classifier calls its model, and its version. */
  model: 100,
  /** With its version. */
  embeddingModel: 201,
  /** What a picture is compared with for a tag. */
  tagLabel: 200,
  policyVersion: 32,
  reportDetail: 1_000,
  policyId: 40,
  policyTitle: 100,
  policyText: 5_000,
  /** The reason of a decision, an appeal or its answer. */
  moderationText: 2_000,
  /** Of a subject of moderation: a UUID or a number. */
  subjectId: 40,
  /** Of an outbox row; the rest is cut off. */
  lastError: 500,
  webhookUrl: 2_000,
  pushEndpoint: 1_000,
  webhookEvent: 60,
  /** Of what a receiver answered; the rest is not read. */
  answerExcerpt: 200,
} as const

/** The most items of a kind. */
export const MAX_ITEMS = {
  /** A page of any list. */
  page: 100,
  /** Photos fetched by id in one request. */
  photoIds: 100,
  tagsPerPhoto: 30,
  /** Groups of duplicates on a page; each shows several photos. */
  duplicateGroups: 20,
  /** Those that a list of groups shows; the count tells of the others. */
  photosPerDuplicateGroup: 10,
  /** Of a search that is being typed, of each kind. */
  suggestions: 8,
  /** Years on a page; each shows several photos. */
  memories: 10,
  photosPerMemory: 10,
  trendingTags: 50,
  /** Of the operator's list; each read compares a photo with all of them. */
  tagLabels: 1_000,
  /** Of a photo, by what it shows. */
  suggestedTags: 10,
  /** Counted; each read judges a photo of each of them. */
  authorsPerTrendingTag: 100,
  explorePhotos: 1_000,
  explorePhotosPerAuthor: 3,
  /** Of one request for the map. */
  tilesPerMap: 4_096,
  photosPerAlbum: 20_000,
  /** The owner included. */
  membersPerAlbum: 100,
  /** Owned, not joined. */
  albumsPerUser: 1_000,
  /** Deleting a photo locks every album that has it. */
  albumsPerPhoto: 1_000,
  /** Those that have run out count until they are purged. */
  shareLinksPerAlbum: 50,
  /** Photos of guests that wait for the owner's decision, or for their originals. */
  dropBoxPhotosPerLink: 100,
  dropBoxPhotosPerAlbum: 500,
  /** Whose originals have not arrived, in all albums of an owner: guests do not use up the owner's pending uploads. */
  guestUploadsPerOwner: 30,
  /** Whatever becomes of them. */
  guestUploadsPerLinkAndDay: 300,
  /** By which it is found; names of more are cut. */
  wordsPerAccount: 24,
  wordsPerNameQuery: 5,
  /** Accounts that one comment can mention; further names are text. */
  mentionsPerComment: 10,
  /** The oldest leave when others come. */
  notificationsPerUser: 500,
  /** What one notification remembers of those it tells of; it forgets the oldest and still counts them. */
  entriesPerNotification: 1_000,
  /** More devices than anyone has; the oldest are signed out. */
  sessionsPerUser: 100,
  tokensPerUser: 50,
  passkeysPerUser: 20,
  identitiesPerUser: 20,
  recoveryCodes: 10,
  webhooksPerUser: 10,
  /** The oldest leave when others come. */
  pushSubscriptionsPerUser: 20,
  /** Deliveries that wait; the oldest leave when others come. */
  queuedPerWebhook: 1_000,
  /** Deliveries that are over, the latest. */
  keptPerWebhook: 1_000,
} as const

/**
 * How many accounts one account may follow, with the requests it has sent: a pull probes each of them, so following 5,000
 * costs 35 ms a page.
 */
export const MAX_FOLLOWING = 7_500

/** A page of a list whose client named no limit. */
export const DEFAULT_PAGE_ITEMS = 20
