/**
 * Replaying dead letters in steps: a step is bounded in letters, bytes and queries, so that any number of letters can be
 * replayed by asking again with the cursor of the step before.
 */
import {
  countDeadLetters,
  type DeadLetterRow,
  readDeadLetterPage,
  resolveDeadLetters,
} from "../../storage/index.ts";
import { type OutgoingMessage, sendMessages } from "../shared/send.ts";
import { replayMessage, type Unsendable } from "./message.ts";

/** Letters that are read at a time, and their bytes; the last one of a page may go over. */
const PAGE_LETTERS = 250;
const PAGE_BYTES = 1_000_000;
/** D1 queries of a step at most, of the 50 that an invocation has on the free plan. */
const STEP_QUERIES = 40;
/** Letters of a step at most that are named as failed. */
const STEP_FAILED = 500;

/** The queues that letters go back to. */
type ReplayQueues = Pick<Env, "OBSERVATION_QUEUE" | "EVENT_QUEUE">;

/** A letter that was not sent. */
interface FailedLetter extends Unsendable {
  readonly id: string;
}

/** What a step did. */
interface ReplayStep {
  readonly replayed: number;
  readonly failed: readonly FailedLetter[];
  /** Letters behind the cursor. */
  readonly remaining: number;
  /** The last letter that was sent or failed: a next step starts after it. */
  readonly cursor: number;
  /** What a queue answered instead of taking messages, or null. */
  readonly error: unknown;
}

/**
 * Replays letters in the order of the list, from a cursor on. A letter that cannot be sent is named and passed by.
 * @param code - only letters with it, or null for all
 * @param after - the cursor of the step before, or 0
 */
export async function replayStep(
  db: D1Database,
  queues: ReplayQueues,
  code: string | null,
  after: number,
): Promise<ReplayStep> {
  const failed: FailedLetter[] = [];
  let [replayed, cursor, queries, error] = [0, after, 0, null as unknown];
  while (queries < STEP_QUERIES && failed.length < STEP_FAILED) {
    const page = await readDeadLetterPage(db, code, cursor, PAGE_LETTERS, PAGE_BYTES);
    queries++;
    if (page.length === 0) return { replayed, failed, remaining: 0, cursor, error };
    const sent = await replayLetters(db, queues, page);
    queries += sent.queries;
    replayed += sent.replayed;
    failed.push(...sent.failed);
    cursor = sent.cursor ?? cursor;
    error = sent.error;
    if (error !== null) break;
  }
  return { replayed, failed, remaining: await countDeadLetters(db, code, cursor), cursor, error };
}

/** What became of some letters. */
interface ReplayedLetters {
  /** How many a queue took. */
  readonly replayed: number;
  readonly failed: readonly FailedLetter[];
  /** All letters up to this one were sent or failed; null if the first was not. */
  readonly cursor: number | null;
  readonly queries: number;
  readonly error: unknown;
}

/** Replays letters, in the order of the list, as far as the queues take them. */
export async function replayLetters(
  db: D1Database,
  queues: ReplayQueues,
  letters: readonly DeadLetterRow[],
): Promise<ReplayedLetters> {
  const outgoing = { observations: [] as Outgoing[], events: [] as Outgoing[] };
  const unsendable: { readonly letter: DeadLetterRow; readonly reason: Unsendable }[] = [];
  for (const letter of letters) {
    const made = replayMessage(letter);
    if (made.ok) outgoing[made.queue].push({ letter, message: made.message });
    else unsendable.push({ letter, reason: made.reason });
  }
  const observations = await send(queues.OBSERVATION_QUEUE, outgoing.observations);
  const events = await send(queues.EVENT_QUEUE, outgoing.events);
  // No consumer answers for an event that was published, so its letter is removed here.
  if (events.taken.length > 0) await resolveDeadLetters(db, events.taken);
  const unsentFrom = Math.min(observations.unsentFrom, events.unsentFrom);
  const done = letters.filter((letter) => letter.cursor < unsentFrom);
  return {
    replayed: observations.taken.length + events.taken.length,
    failed: unsendable
      .filter(({ letter }) => letter.cursor < unsentFrom)
      .map(({ letter, reason }) => ({ id: letter.id, ...reason })),
    cursor: done.at(-1)?.cursor ?? null,
    queries: events.taken.length > 0 ? 1 : 0,
    error: observations.error ?? events.error,
  };
}

interface Outgoing {
  readonly letter: DeadLetterRow;
  readonly message: OutgoingMessage;
}

async function send(queue: Pick<Queue, "sendBatch">, outgoing: readonly Outgoing[]) {
  const { sent, error } = await sendMessages(
    queue,
    outgoing.map(({ message }) => message),
  );
  return {
    /** Ids of the letters that the queue took. */
    taken: outgoing.slice(0, sent).map(({ letter }) => letter.id),
    /** Cursor of the first letter that it did not take. */
    unsentFrom: outgoing[sent]?.letter.cursor ?? Number.POSITIVE_INFINITY,
    error,
  };
}
