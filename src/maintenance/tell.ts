/** Telling the identity objects what D1 was told: a merge, the undoing of one, an erasure. Safe to repeat. */
import { firstCell } from "../cells.ts";
import {
  completeErasure,
  eraseDeadLetters,
  eraseFromRecord,
  type Erasure,
  markTold,
  readMoved,
  type UntoldMerge,
} from "../storage/index.ts";

/**
 * Tells both objects of a merge or of its undoing.
 * @param env - the cell of both
 * @returns whether the exchange of observations is done too; if not, the objects go on with it by themselves
 */
export async function tellMerge(env: Env, merge: UntoldMerge): Promise<boolean> {
  const { id, winnerUuid, loserUuid, isUndone } = merge;
  const step = { mergeId: id, isUndone };
  const moved = await readMoved(env.DB, id, isUndone ? loserUuid : winnerUuid);
  const [links, attackerUuids] = [[...moved.links], [...moved.attackerUuids]];
  const winner = env.IDENTITIES.getByName(winnerUuid);
  const loser = env.IDENTITIES.getByName(loserUuid);
  let isDone: boolean;
  if (isUndone) {
    const isDropped = await winner.exchange(
      { key: `unmerge:${id}:winner`, load: [], drop: links, notice: null },
      step,
    );
    const isRestored = await loser.exchange(
      {
        key: `unmerge:${id}`,
        load: links,
        drop: [],
        notice: { kind: "unmerged", fromUuid: winnerUuid, attackerUuids },
      },
      step,
    );
    isDone = isDropped && isRestored;
  } else {
    await loser.mergeAway(winnerUuid, links, id);
    isDone = await winner.exchange(
      {
        key: `merge:${id}`,
        load: links,
        drop: [],
        notice: { kind: "merged", loserUuid, attackerUuids },
      },
      step,
    );
  }
  await markTold(env.DB, id, isUndone);
  return isDone;
}

/**
 * Carries an erasure out: the record first, then every object that may hold something, then the record says so.
 * @param env - the attacker's cell
 */
export async function carryOutErasure(env: Env, begun: Erasure): Promise<void> {
  const erasure = await eraseFromRecord(env.DB, begun);
  const { DB: letters } = firstCell(env);
  if (letters !== env.DB) await eraseDeadLetters(letters, erasure.attackerUuid);
  for (const identityUuid of erasure.holders) {
    await env.IDENTITIES.getByName(identityUuid).erase(erasure.attackerUuid, erasure.erasedTs);
  }
  await completeErasure(env.DB, erasure);
}
