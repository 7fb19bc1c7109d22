/** Histories that failed once, made as small as possible; named after what was wrong. */
import type { Plan } from "../plan.ts";
import erasedObservationOfAnAttackerThatCameBack from "./erased-observation-of-an-attacker-that-came-back.json";
import erasureAfterWhichTheLoserForgetsItsWinner from "./erasure-after-which-the-loser-forgets-its-winner.json";
import erasureOfOneWhoseMergeWaits from "./erasure-of-one-whose-merge-waits.json";
import erasureOfOneWhoseMergeWaitsMergedAway from "./erasure-of-one-whose-merge-waits-merged-away.json";
import erasureOfWhatNeverArrived from "./erasure-of-what-never-arrived.json";
import erasureWithinAMerge from "./erasure-within-a-merge.json";
import erasureWhileMergedAway from "./erasure-while-merged-away.json";
import mergeToldAfterItsUnmerge from "./merge-told-after-its-unmerge.json";
import mergeWhileTheLoserBackfills from "./merge-while-the-loser-backfills.json";
import mergeWhileRetentionRemoves from "./merge-while-retention-removes.json";
import objectWhoseFirstTransactionFails from "./object-whose-first-transaction-fails.json";
import refusedEventBesideAnErasedOne from "./refused-event-beside-an-erased-one.json";
import refusedMessageOutOfRetries from "./refused-message-out-of-retries.json";
import registrationDuringAnErasure from "./registration-during-an-erasure.json";
import retentionWhileARebuildReads from "./retention-while-a-rebuild-reads.json";
import returnToAnIdentityMergedAway from "./return-to-an-identity-merged-away.json";
import suspicionEndsWithAMerge from "./suspicion-ends-with-a-merge.json";
import unmergeWhileTheWinnerBackfillsAndRebuilds from "./unmerge-while-the-winner-backfills-and-rebuilds.json";
import unmergeWhoseAnswerGotLost from "./unmerge-whose-answer-got-lost.json";

/** JSON has no literal types; the plans were written by the generator. */
const plans: Record<string, unknown> = {
  "an erasure in the middle of a merge": erasureWithinAMerge,
  "an erasure of what never got to the object": erasureOfWhatNeverArrived,
  "a suspicion that ends with a merge": suspicionEndsWithAMerge,
  "a refused message that ran out of retries": refusedMessageOutOfRetries,
  "a merge that an object hears of after it was undone": mergeToldAfterItsUnmerge,
  "an erased observation that comes again after its attacker was registered elsewhere":
    erasedObservationOfAnAttackerThatCameBack,
  "an object whose very first transaction fails": objectWhoseFirstTransactionFails,
  "a refused event that is replayed after its neighbour was erased": refusedEventBesideAnErasedOne,
  "an erasure that changes the states of an identity merged away, which comes back": erasureWhileMergedAway,
  "an erased attacker that comes back to an identity merged away": returnToAnIdentityMergedAway,
  "a registration with another identity in the middle of an erasure": registrationDuringAnErasure,
  "a merge while the loser backfills": mergeWhileTheLoserBackfills,
  "an unmerge while the winner backfills and rebuilds": unmergeWhileTheWinnerBackfillsAndRebuilds,
  "retention while a rebuild reads": retentionWhileARebuildReads,
  "a merge while retention removes observations of the loser": mergeWhileRetentionRemoves,
  "an erasure after an unmerge, while the winner still waits for the pages of the merge":
    erasureOfOneWhoseMergeWaits,
  "an erasure after an unmerge, while the winner, merged away itself, still waits for the pages of the merge":
    erasureOfOneWhoseMergeWaitsMergedAway,
  "an erasure after which a merged-away identity forgets its winner":
    erasureAfterWhichTheLoserForgetsItsWinner,
  "an unmerge whose answer got lost, and messages before the sweep tells": unmergeWhoseAnswerGotLost,
};

export const REGRESSIONS = plans as Record<string, Plan>;
