import type { Box } from '../../domain/tiles.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { ListRead, Page, Reader } from '../lists/list-read.ts'
import { readMemories, type Memory } from './memories.ts'
import { readMap, type MapCluster } from './own-map.ts'
import { readTimeline, type TimelineMonth } from './own-timeline.ts'

/** An account's own published photos, by when and where they were taken. */
export interface OwnLibrary {
  /** Months, latest first. @throws DarkroomError bad_cursor */
  timeline(list: ListRead<UserViewer>): Promise<Page<TimelineMonth>>
  /** Tiles, those with the most photos first. @throws DarkroomError invalid if there are too many */
  map(reader: Reader<UserViewer>, where: { bbox: Box; zoom: number }): Promise<MapCluster[]>
  /** The same day of earlier years, latest first. @param date `2026-05-01` @throws DarkroomError bad_cursor */
  memories(list: ListRead<UserViewer>, date: string): Promise<Page<Memory>>
}

export function createOwnLibrary(): OwnLibrary {
  return { timeline: readTimeline, map: readMap, memories: readMemories }
}
