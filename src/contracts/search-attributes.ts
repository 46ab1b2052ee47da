import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'

/** Search attributes by which operators find a photo's workflows: `DarkroomPhoto = "<photoId>"`. */
export const photoAttribute = defineSearchAttributeKey('DarkroomPhoto', SearchAttributeType.KEYWORD)
export const ownerAttribute = defineSearchAttributeKey('DarkroomOwner', SearchAttributeType.KEYWORD)
export const stageAttribute = defineSearchAttributeKey('DarkroomStage', SearchAttributeType.KEYWORD)

/**
 * `temporal/` registers all of these, and each worker checks them at boot: an unregistered one fails workflow tasks
 * forever.
 */
export const SEARCH_ATTRIBUTES = [photoAttribute, ownerAttribute, stageAttribute]
