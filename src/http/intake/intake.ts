/**
 * From JSON values to the queue: every event is checked at once, so that its sender learns what was refused and why,
 * and nothing is queued before all events were read. Shared by observations and webhooks.
 */
import type { z } from "zod";
import {
  describeRefusal,
  type Observation,
  type ParseContext,
  type ParsedEvent,
  parseEvent,
  parseMessage,
  type Refusal,
} from "../../core/index.ts";
import { logError } from "../../log.ts";
import type { BodyValue } from "./body.ts";
import type { acceptedSchema, rejectedSchema } from "../observations/wire.ts";
import { packMessages } from "./pack.ts";
import { problemAnswer, RATE_LIMITED } from "../shared/problem-schema.ts";
import { ProblemError } from "../shared/problem.ts";
import { sendMessages } from "../shared/send.ts";

/** Events of one ingest request. */
export const INGEST_LIMIT_EVENTS = 5_000;
/** When to send again what the queue would not take, in seconds. */
const QUEUE_RETRY_AFTER_SECS = 5;

type Rejected = z.infer<typeof rejectedSchema>[number];

/** Problems of every route that brings events. */
export const INTAKE_PROBLEMS = {
  413: problemAnswer("too_large", `A request may hold at most ${INGEST_LIMIT_EVENTS} events.`),
  415: problemAnswer("unsupported_media_type", "Send the body as it is, without a Content-Encoding."),
  422: problemAnswer("all_refused", "All 1 events were refused.", {
    rejected: [{ index: 0, code: "missing_field", field: "ts", detail: "The field ts is missing." }],
  }),
  429: RATE_LIMITED,
  503: problemAnswer("queue_unavailable", "The queue took the first 2 valid events, then no more.", {
    accepted: 2,
    ignored: 0,
    rejected: [],
    resume_from: 2,
  }),
};

/** What became of a request's events. */
type Accepted = z.infer<typeof acceptedSchema>;

/** The events of one request. */
export class Intake {
  readonly #context: ParseContext;
  readonly #observations: Observation[] = [];
  /** Of each observation, its place in the request. */
  readonly #indexes: number[] = [];
  readonly #rejected: Rejected[] = [];
  #ignored = 0;
  #events = 0;

  constructor(context: ParseContext) {
    this.#context = context;
  }

  /**
   * Takes one value of the body; an object with `events` counts as its members.
   * @throws ProblemError `too_large` over the limit
   */
  add(body: BodyValue): void {
    if (this.#events + eventsIn(body) > INGEST_LIMIT_EVENTS) {
      throw new ProblemError("too_large", `A request may hold at most ${INGEST_LIMIT_EVENTS} events.`);
    }
    for (const event of parse(body, this.#context)) {
      const index = this.#events++;
      switch (event.outcome) {
        case "observation":
          this.#observations.push(event.observation);
          this.#indexes.push(index);
          break;
        case "refused":
          this.#rejected.push(toRejected(index, event.refusal));
          break;
        case "ignored":
          this.#ignored++;
          break;
        default:
          event satisfies never;
      }
    }
  }

  /** How many events came, and what was found in them; for the log. */
  get counts(): { events: number; observations: number; ignored: number; refused: number } {
    const [observations, refused] = [this.#observations.length, this.#rejected.length];
    return { events: this.#events, observations, ignored: this.#ignored, refused };
  }

  /**
   * Queues what is valid, in order.
   * @throws ProblemError `invalid_request` if there are no events, `all_refused`, or `queue_unavailable` with what the
   *   queue took
   */
  async send(queue: Pick<Queue, "sendBatch">): Promise<Accepted> {
    const [rejected, ignored] = [this.#rejected, this.#ignored];
    if (this.#events === 0) throw new ProblemError("invalid_request", "The body holds no events.");
    if (rejected.length === this.#events) {
      throw new ProblemError("all_refused", `All ${rejected.length} events were refused.`, { rejected });
    }
    const messages = packMessages(this.#observations);
    const { sent, error } = await sendMessages(queue, messages);
    const accepted = messages.slice(0, sent).reduce((sum, { body }) => sum + body.events.length, 0);
    if (error === null) return { accepted, ignored, rejected };
    logError("queue_send_failed", error, { accepted, left: this.#observations.length - accepted });
    const resumeFrom = this.#indexes[accepted];
    throw new ProblemError(
      "queue_unavailable",
      `The queue took the first ${accepted} valid events, then no more: send again from index ${resumeFrom} on. Sending everything again does no harm.`,
      { accepted, ignored, rejected, resume_from: resumeFrom },
      { "retry-after": String(QUEUE_RETRY_AFTER_SECS) },
    );
  }
}

function parse(body: BodyValue, context: ParseContext): ParsedEvent[] {
  if (!body.ok) {
    const refusal = { code: "malformed_json", field: "body", found: body.found } as const;
    return [{ outcome: "refused", refusal, raw: null }];
  }
  // A string is refused, not parsed: JSON holds the event itself.
  if (typeof body.value !== "object") return [parseEvent(body.value, context)];
  return parseMessage(body.value, context);
}

function eventsIn(body: BodyValue): number {
  if (!body.ok || typeof body.value !== "object" || body.value === null) return 1;
  return "events" in body.value && Array.isArray(body.value.events) ? body.value.events.length : 1;
}

function toRejected(index: number, refusal: Refusal): Rejected {
  return { index, code: refusal.code, field: refusal.field, detail: describeRefusal(refusal) };
}
