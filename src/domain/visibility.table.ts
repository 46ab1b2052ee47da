import { PHOTO_STATUSES, VISIBILITIES, type PhotoStatus, type Visibility } from './visibility.ts'

export type ViewerKind = 'anonymous' | 'stranger' | 'follower' | 'owner'

export interface VisibilityCase {
  viewer: ViewerKind
  visibility: Visibility
  status: PhotoStatus
  visible: boolean
}

/** Written out, not computed: who sees a `ready` photo. */
const READY: Record<Visibility, readonly ViewerKind[]> = {
  public: ['anonymous', 'stranger', 'follower', 'owner'],
  followers: ['follower', 'owner'],
  private: ['owner'],
}

/** Who sees a photo that is not ready. */
const OTHERWISE: Record<Exclude<PhotoStatus, 'ready'>, readonly ViewerKind[]> = {
  awaiting_upload: ['owner'],
  processing: ['owner'],
  failed: ['owner'],
  quarantined: ['owner'],
  deleted: [],
}

const VIEWER_KINDS: readonly ViewerKind[] = ['anonymous', 'stranger', 'follower', 'owner']

/** The one table that the rule and its SQL and search twins are tested against: 4 viewers × 3 visibilities × 6 statuses. */
export const VISIBILITY_TABLE: readonly VisibilityCase[] = VIEWER_KINDS.flatMap((viewer) =>
  VISIBILITIES.flatMap((visibility) =>
    PHOTO_STATUSES.map((status) => ({
      viewer,
      visibility,
      status,
      visible: (status === 'ready' ? READY[visibility] : OTHERWISE[status]).includes(viewer),
    })),
  ),
)
