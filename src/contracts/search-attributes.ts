import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'

/** Typed search attributes, so that an operator finds a photo's workflows: `DarkroomPhoto = "<photoId>"`. */
export const photoAttribute = defineSearchAttributeKey('DarkroomPhoto', SearchAttributeType.KEYWORD)
export const ownerAttribute = defineSearchAttributeKey('DarkroomOwner', SearchAttributeType.KEYWORD)
export const stageAttribute = defineSearchAttributeKey('DarkroomStage', SearchAttributeType.KEYWORD)

/** All that `temporal/` registers and each worker checks for at boot: an unregistered one fails workflow tasks for ever. */
export const SEARCH_ATTRIBUTES = [photoAttribute, ownerAttribute, stageAttribute]
