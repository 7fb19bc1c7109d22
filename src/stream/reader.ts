/**
 * One client's stream, in the Worker: turns the frames that objects send over WebSockets into Server-Sent Events. A poke
 * only says that the history has grown; the reader then reads the events after the stream's position, as fast as the
 * client takes them. Observations can't be read again, so they wait in a bounded queue, and a client is dropped when its
 * queue is full.
 */
import type { SSEStreamingApi } from "hono/streaming";
import { logError, logInfo } from "../log.ts";
import type { StreamLimits } from "./limits.ts";
import type { StreamFrame } from "./protocol.ts";
import type { StreamMessage, StreamSource } from "./source.ts";
import { Watch } from "./watch.ts";

/** Why a stream ended. After every reason but `closed` the client is expected to reconnect and resume. */
export type StreamEnd =
  /** The client closed the connection. */
  | "closed"
  /** The queue of observations was full. */
  | "slow"
  /** The client took nothing for too long. */
  | "stalled"
  /** It has reached its longest lifetime, or its largest number of readings. */
  | "expired"
  /** The history could not be read. */
  | "failing"
  /** The identity or attacker does not exist any more. */
  | "gone";

export class Reader {
  readonly #source: StreamSource;
  readonly #sse: SSEStreamingApi;
  readonly #limits: StreamLimits;
  readonly #untilMs: number;
  readonly #watch: Watch;
  readonly #queue: StreamMessage[] = [];
  #queuedCharacters = 0;
  #end: StreamEnd | null = null;
  #isBehind = true;
  #isCommentDue = false;
  #wake: () => void = () => {};
  /** When the write under way began, or null. */
  #writingSinceMs: number | null = null;
  #reads = 0;
  #failures = 0;
  #events = 0;

  /** @param untilMs - epoch milliseconds at which the stream ends */
  constructor(source: StreamSource, sse: SSEStreamingApi, limits: StreamLimits, untilMs: number) {
    this.#source = source;
    this.#sse = sse;
    this.#limits = limits;
    this.#untilMs = untilMs;
    this.#watch = new Watch((name) => source.connect(name), {
      onFrame: (frame) => this.#receive(frame),
      onLost: () => setTimeout(() => this.#look(), limits.reopenMs),
    });
    sse.onAbort(() => this.#finish("closed"));
  }

  /** Streams until the client closes the connection or a limit ends the stream. Never throws. */
  async run(): Promise<StreamEnd> {
    const startMs = Date.now();
    const timer = setInterval(() => this.#tick(), this.#limits.keepAliveMs);
    try {
      // The objects are watched before the history is read, so that no event is missed between the two.
      await this.#watch.follow(this.#source.watched);
      await this.#write(this.#source.first);
      while (this.#end === null) {
        if (this.#isCommentDue) await this.#comment();
        if (this.#isBehind) await this.#catchUp();
        await this.#sendQueue();
        if (this.#isIdle) await this.#sleep();
      }
    } finally {
      clearInterval(timer);
      this.#watch.close();
      void this.#sse.close();
    }
    const reason = this.#end ?? "closed";
    logInfo("stream", {
      kind: this.#source.kind,
      reason,
      events: this.#events,
      reads: this.#reads,
      duration_ms: Date.now() - startMs,
    });
    return reason;
  }

  async #catchUp(): Promise<void> {
    this.#isBehind = false;
    try {
      for (let isComplete = false; !isComplete && this.#end === null;) {
        if (this.#hasUsedUp) return this.#finish("expired");
        this.#reads++;
        const step = await this.#source.next();
        if (step === null) return this.#finish("gone");
        for (const message of step.messages) await this.#write(message);
        if (await this.#watch.follow(this.#source.watched)) this.#isBehind = true;
        await this.#sendQueue();
        isComplete = step.isComplete;
      }
      this.#failures = 0;
    } catch (error) {
      logError("stream_read_failed", error, { kind: this.#source.kind });
      this.#failures++;
      if (this.#failures >= this.#limits.failures) this.#finish("failing");
    }
  }

  /** Whether another reading would be over the queries that a stream may ask. */
  get #hasUsedUp(): boolean {
    return (this.#reads + 1) * this.#source.queriesPerReading > this.#limits.queries;
  }

  #receive(frame: StreamFrame): void {
    if (frame.kind === "changed") return this.#look();
    for (const data of frame.observations) {
      this.#queuedCharacters += data.length;
      this.#queue.push({ event: "observation", data });
    }
    const { queuedMessages, queuedCharacters } = this.#limits;
    if (this.#queue.length > queuedMessages || this.#queuedCharacters > queuedCharacters) {
      return this.#finish("slow");
    }
    this.#wake();
  }

  #look(): void {
    this.#isBehind = true;
    this.#wake();
  }

  #tick(): void {
    const nowMs = Date.now();
    if (this.#writingSinceMs !== null) {
      if (nowMs - this.#writingSinceMs >= this.#limits.stallMs) this.#finish("stalled");
      return;
    }
    if (nowMs >= this.#untilMs || this.#hasUsedUp) return this.#finish("expired");
    this.#isCommentDue = true;
    this.#look();
  }

  async #sendQueue(): Promise<void> {
    for (let message = this.#queue.shift(); message && this.#end === null; message = this.#queue.shift()) {
      this.#queuedCharacters -= message.data.length;
      await this.#write(message);
    }
  }

  async #comment(): Promise<void> {
    this.#isCommentDue = false;
    await this.#writing(this.#sse.write(": keep-alive\n\n"));
  }

  async #write(message: StreamMessage): Promise<void> {
    if (this.#end !== null) return;
    if (message.id !== undefined) this.#events++;
    await this.#writing(this.#sse.writeSSE(message));
  }

  /** Waits until the client has taken what was written, or the stream has ended. */
  async #writing(written: Promise<unknown>): Promise<void> {
    this.#writingSinceMs = Date.now();
    await written;
    this.#writingSinceMs = null;
  }

  get #isIdle(): boolean {
    return !this.#isBehind && !this.#isCommentDue && this.#queue.length === 0 && this.#end === null;
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Keeps the first reason. Data that waits for a client that takes nothing is dropped. */
  #finish(end: StreamEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    if (end === "slow" || end === "stalled") this.#sse.abort();
    this.#wake();
  }
}
