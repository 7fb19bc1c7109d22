/**
 * Counts once a day how often each word of commands was used, over all identities of all shards. A step reads a bounded number of session
 * rows and saves where it is; the counts that are used are replaced at the end of a pass, at once. A session row that is written or removed
 * while a pass is under way may be counted or not, which the next day corrects.
 */
import { bytesToHex } from "@noble/hashes/utils.js";
import { readConfig } from "../config.ts";
import { registryOf } from "../core/index.ts";
import { logInfo } from "../log.ts";
import type { CapabilityJob, StepResult } from "../maintenance/index.ts";
import { shardsOf } from "../shard.ts";
import { readValuePage, VALUE_PAGE_QUERIES } from "../storage/index.ts";
import { wordKeyOf, wordSecretStamp, wordsOfBag } from "./commands/index.ts";
import { COMMANDS } from "./constants.ts";
import { type Counting, readPasses, removeShares, replaceShares, saveCounting } from "./store.ts";

/** How much a step reads. */
interface StepLimits {
  /** Session rows of a page, ≥ 1: one query. */
  readonly pageRows: number;
  /** Session rows after which a step ends, with the page that reaches them. */
  readonly stepRows: number;
}

/** A step decodes its rows in less than a second. */
const STEP_LIMITS: StepLimits = { pageRows: 500, stepRows: 2_000 };
/** Queries of a step besides its pages: reading where the pass is, and saving, which is two at the end of a pass. */
const BEGIN_QUERIES = 1;
const SAVE_QUERIES = 2;

/** Names the secret of words; null if commands are not scored. @throws ConfigError if a variable is wrong */
export function wordStampOf(env: Env): string | null {
  // The type says that a secret is set; it need not be.
  const secret: string | undefined = env.WORD_SECRET;
  if (!secret || readConfig(env).evidence === null) return null;
  return bytesToHex(wordSecretStamp(secret));
}

/** The job as maintenance knows it. */
export const wordSharesJob: CapabilityJob = {
  subject: "word_shares",
  isWanted: (env) => wordStampOf(env) !== null,
  step: (...given) => countShares(...given),
};

/** A step of the job. */
export async function countShares(
  ...[env, { db }, job, budget, limits = STEP_LIMITS]: [...Parameters<CapabilityJob["step"]>, StepLimits?]
): Promise<StepResult> {
  const stamp = wordStampOf(env);
  if (stamp === null) {
    budget.take(1);
    await removeShares(db);
    return { outcome: "done", job };
  }
  const nowTs = Date.now() / 1_000;
  budget.take(BEGIN_QUERIES);
  const passes = await readPasses(db, stamp);
  if (passes.counting === null && passes.completeTs !== null) {
    const dueTs = passes.completeTs + COMMANDS.sharesEverySecs;
    if (dueTs > nowTs) return { outcome: "later", job, state: {}, dueTs };
  }
  const count = new Count(passes.counting ?? beginning(nowTs));
  const registry = registryOf(readConfig(env).policy);
  const isBag = (primitive: string) => registry.kindOf(primitive) === "bag";
  const shards = shardsOf(env);
  let rows = 0;
  while (
    count.shard < shards.length &&
    rows < limits.stepRows &&
    budget.has(VALUE_PAGE_QUERIES + SAVE_QUERIES)
  ) {
    budget.take(VALUE_PAGE_QUERIES);
    // oxlint-disable-next-line no-await-in-loop -- a page begins where the one before ends
    const page = await readValuePage(shards[count.shard]?.db ?? db, count.afterId, limits.pageRows, isBag);
    rows += page.rows;
    count.add(page.values);
    count.moveTo(page.lastId);
  }
  if (count.shard < shards.length) {
    if (count.shard !== passes.counting?.shard || count.afterId !== passes.counting.afterId) {
      budget.take(1);
      await saveCounting(db, stamp, count.done());
    }
    return { outcome: "more", job, state: {} };
  }
  const counted = count.done(COMMANDS.sharedWords);
  budget.take(SAVE_QUERIES);
  await replaceShares(db, stamp, counted);
  logInfo("word_shares", { words: counted.uses.size, uses: counted.all });
  return { outcome: "later", job, state: {}, dueTs: counted.startedTs + COMMANDS.sharesEverySecs };
}

function beginning(startedTs: number): Counting {
  return { startedTs, version: 0, shard: 0, afterId: "", all: 0, uses: new Map() };
}

/** A pass during a step. */
class Count {
  readonly #before: Counting;
  #uses: Map<string, number>;
  #all: number;
  shard: number;
  afterId: string;

  constructor(before: Counting) {
    this.#before = before;
    this.#uses = new Map(before.uses);
    this.#all = before.all;
    ({ shard: this.shard, afterId: this.afterId } = before);
  }

  /** Counts bags. A value that is none, because the kind of its primitive was changed, is left out. */
  add(values: readonly string[]): void {
    for (const value of values) {
      for (const word of wordsOfBag(value)) {
        const key = wordKeyOf(word);
        this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
        this.#all++;
        if (this.#uses.size > COMMANDS.countedWords) this.#uses = mostUsed(this.#uses, COMMANDS.sharedWords);
      }
    }
  }

  /** @param lastId - the last row of a page; null if it had none, so that the next shard follows */
  moveTo(lastId: string | null): void {
    if (lastId === null) this.shard++;
    this.afterId = lastId ?? "";
  }

  /** @param most - words that are kept; all by default */
  done(most = Infinity): Counting {
    const { startedTs, version } = this.#before;
    const { shard, afterId } = this;
    const uses = mostUsed(this.#uses, most);
    return { startedTs, version: version + 1, shard, afterId, all: this.#all, uses };
  }
}

/** The most used words; of equally used ones those whose digits come first. */
function mostUsed(uses: ReadonlyMap<string, number>, most: number): Map<string, number> {
  if (uses.size <= most) return new Map(uses);
  return new Map([...uses].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, most));
}
