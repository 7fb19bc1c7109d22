/**
 * The HTTP client of the commands: what `replay` and `demo` ask of a running Worker, with retries where
 * waiting may help. Every answer is read by a schema before anybody uses it. Leaves deciding what to send, and
 * printing, to the commands.
 */
import { setTimeout as sleep } from "node:timers/promises";
import ky, { HTTPError, type KyInstance, type Options } from "ky";
import { z } from "zod";
import { attributionSchema } from "../http/attribution/wire.ts";
import { acceptedSchema, rejectedSchema } from "../http/observations/wire.ts";
import { statsSchema } from "../http/operations/wire.ts";
import { problemSchema } from "../http/shared/problem-wire.ts";

/** One event that was refused: its place in the request, a code, the field and a sentence. */
export type Refusal = z.infer<typeof rejectedSchema>[number];
/** The answer to one request of events. */
type SendResult = Pick<z.infer<typeof acceptedSchema>, "accepted" | "rejected">;
/** The totals of the whole Worker. */
export type Stats = z.infer<typeof statsSchema>;
/** The states of an attacker's identity. */
export type Attribution = z.infer<typeof attributionSchema>;

/** The problem document when every event was refused. */
const allRefusedSchema = z.object({ rejected: rejectedSchema });

/** Where the Worker is and who we are to it. */
interface ClientOptions {
  /** Origin of the Worker, e.g. `http://localhost:8787`. */
  readonly url: string;
  /** Bearer token with the scope `ingest` (or `admin`). */
  readonly ingestToken: string;
  /** Bearer token with the scope `read` (or `admin`). */
  readonly readToken: string;
  /** Retries of one request after 429, 5xx or a network error, 0 or more. Default 8: about a minute of waiting. */
  readonly retryLimit?: number;
  /** Upper limit of one wait between retries, ms. Default 15 000. */
  readonly retryMaxDelayMs?: number;
  /** Told before each retry, with a sentence for people. */
  readonly onRetry?: (message: string) => void;
}

/** A request that did not succeed, with what the server said about it. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  /** HTTP status, or 0 when no answer came at all. */
  readonly status: number;
  /** The problem document's `code`, or null. */
  readonly code: string | null;

  constructor(message: string, status: number, code: string | null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What is known of an attacker when it is registered; times in epoch seconds. */
export interface AttackerFacts {
  readonly ip?: string;
  readonly first_seen?: number;
  readonly last_seen?: number;
}

/** How to wait for the pipeline to come to rest. */
interface WaitOptions {
  /** The `observations` counter that is reached at the latest when all of ours are stored, if known. */
  readonly expectedObservations?: number;
  /** How long nothing may move, ms, before it counts as at rest. Default 6 000 (a queue batch waits 1 s, a retry 5 s). */
  readonly quietMs?: number;
  /** The same once `expectedObservations` is reached, ms. Default 2 000. */
  readonly settledMs?: number;
  /** Give up when nothing has moved for so long though work is pending, ms. Default 120 000. */
  readonly stuckMs?: number;
  /** Time between two looks, ms. Default 500. */
  readonly pollMs?: number;
  /** Told after each look. */
  readonly onPoll?: (stats: Stats) => void;
}

/** How the waiting ended. */
interface WaitResult {
  /** False when work was still pending and nothing moved any more. */
  readonly applied: boolean;
  /** The last look. */
  readonly stats: Stats;
  /** A sentence that says what was seen. */
  readonly message: string;
}

const RETRY_STATUS_CODES = [408, 429, 500, 502, 503, 504];
const REQUEST_TIMEOUT_MS = 60_000;

/** Talks to one Worker's HTTP API (contract §7).
 * @example const client = new AttributionClient({ url, ingestToken, readToken });
 *          await client.sendEvents(payloads);
 */
export class AttributionClient {
  readonly #ingest: KyInstance;
  readonly #read: KyInstance;
  readonly #url: string;

  constructor(options: ClientOptions) {
    this.#url = options.url.replace(/\/+$/, "");
    const retryLimit = options.retryLimit ?? 8;
    const shared: Options = {
      prefixUrl: `${this.#url}/api/v1`,
      timeout: REQUEST_TIMEOUT_MS,
      retry: {
        limit: retryLimit,
        methods: ["get", "put", "post"],
        statusCodes: RETRY_STATUS_CODES,
        afterStatusCodes: [429, 503],
        backoffLimit: options.retryMaxDelayMs ?? 15_000,
        maxRetryAfter: 60_000,
      },
      hooks: {
        beforeRetry: [
          ({ error, retryCount }) => {
            const cause = error instanceof HTTPError ? `HTTP ${error.response.status}` : error.message;
            options.onRetry?.(`${this.#url}: ${cause}; retry ${retryCount} of ${retryLimit}`);
          },
        ],
      },
    };
    this.#ingest = ky.create({ ...shared, headers: { authorization: `Bearer ${options.ingestToken}` } });
    this.#read = ky.create({ ...shared, headers: { authorization: `Bearer ${options.readToken}` } });
  }

  /** Registers an attacker, or adds to what is known of it. Safe to repeat.
   * @throws ClientError */
  async registerAttacker(attackerUuid: string, facts: AttackerFacts): Promise<void> {
    await this.#ask(() => this.#ingest.put(`attackers/${attackerUuid}`, { json: facts }));
  }

  /** Sends events in one request: at most 5,000 of them and 8 MiB. Safe to repeat: observations have a key.
   * @returns what was taken and what was refused, also when everything was refused
   * @throws ClientError for every other failure */
  async sendEvents(events: readonly unknown[]): Promise<SendResult> {
    const response = await this.#ask(
      () => this.#ingest.post("observations", { json: events }),
      (status) => status === 422,
    );
    const body: unknown = await response.json();
    if (response.status !== 422) return parse(acceptedSchema, body, "POST /observations");
    return { accepted: 0, rejected: parse(allRefusedSchema, body, "POST /observations").rejected };
  }

  /** The totals of the whole Worker.
   * @throws ClientError */
  async stats(): Promise<Stats> {
    const response = await this.#ask(() => this.#read.get("stats"));
    return parse(statsSchema, await response.json(), "GET /stats");
  }

  /** The states of the identity an attacker belongs to, or null when the Worker does not know the attacker.
   * @throws ClientError */
  async attribution(attackerUuid: string): Promise<Attribution | null> {
    const response = await this.#ask(
      () => this.#read.get(`attackers/${attackerUuid}/attribution`),
      (status) => status === 404,
    );
    if (response.status === 404) return null;
    return parse(attributionSchema, await response.json(), "GET /attackers/{uuid}/attribution");
  }

  /** Waits until what was sent is stored, applied and published: no backlog, nothing in an outbox, and the counters
   * at rest. Counters are the Worker's, so another sender at work lengthens the wait.
   * @throws ClientError when the stats cannot be read */
  async waitUntilApplied(options: WaitOptions = {}): Promise<WaitResult> {
    const pollMs = options.pollMs ?? 500;
    let stats = await this.stats();
    let before = "";
    let movedAtMs = Date.now();
    for (;;) {
      options.onPoll?.(stats);
      const now = JSON.stringify(stats);
      if (now !== before) movedAtMs = Date.now();
      before = now;
      const restedMs = Date.now() - movedAtMs;
      const pending = stats.outbox.pending + (stats.queue?.backlog ?? 0);
      const settled =
        options.expectedObservations !== undefined && stats.observations >= options.expectedObservations;
      const enoughMs = settled ? (options.settledMs ?? 2_000) : (options.quietMs ?? 6_000);
      if (pending === 0 && restedMs >= enoughMs) {
        return { applied: true, stats, message: `at rest with ${stats.observations} observations stored` };
      }
      if (restedMs >= (options.stuckMs ?? 120_000)) {
        const message = `nothing moved for ${Math.round(restedMs / 1000)} s with ${stats.outbox.pending} events unpublished and ${stats.queue?.backlog ?? 0} messages queued`;
        return { applied: false, stats, message };
      }
      // oxlint-disable-next-line no-await-in-loop -- each look follows the one before
      await sleep(pollMs);
      // oxlint-disable-next-line no-await-in-loop -- each look follows the one before
      stats = await this.stats();
    }
  }

  async #ask(
    send: () => Promise<Response>,
    isExpected: (status: number) => boolean = () => false,
  ): Promise<Response> {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof HTTPError)) {
        const cause = error instanceof Error ? error.message : String(error);
        throw new ClientError(`no answer from ${this.#url}: ${cause}. Is it running (npm run dev)?`, 0, null);
      }
      if (isExpected(error.response.status)) return error.response;
      const problem = problemSchema.safeParse(await error.response.json().catch(() => null));
      const said = problem.success ? problem.data.detail : "";
      const code = problem.success ? problem.data.code : null;
      const { status } = error.response;
      const path = new URL(error.request.url).pathname;
      throw new ClientError(
        `${error.request.method} ${path}: HTTP ${status}${code ? ` (${code})` : ""}${said ? `: ${said}` : ""}`,
        status,
        code,
      );
    }
  }
}

function parse<S extends z.ZodType>(schema: S, body: unknown, what: string): z.infer<S> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new ClientError(
    `${what} answered something else than promised: ${z.prettifyError(result.error)}`,
    0,
    null,
  );
}
