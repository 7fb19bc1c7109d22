/**
 * Sends sessions in order, as many per request as fit, and registers each attacker before its first observation. The Worker
 * packs the events of a request into as few queue messages as possible, and a message costs three queue operations whatever
 * its size. So large requests are cheaper. The events of a session follow one another.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AttributionClient, Refusal } from "../client.ts";
import type { Outgoing } from "./outgoing.ts";

/** Maximum number of events per request. It is below the contract's 5,000, so that progress is visible. */
export const EVENTS_PER_REQUEST = 1_000;
/** Maximum bytes of JSON per request, below the contract's 8 MiB. */
const BYTES_PER_REQUEST = 4 * 1_024 * 1_024;
/** Attackers registered at the same time. */
const REGISTRATIONS_AT_ONCE = 8;
/** Maximum number of refusals kept for the report. */
const REFUSALS_KEPT = 10;

/** A refusal and its event. */
export interface RefusedEvent {
  readonly refusal: Refusal;
  readonly event: unknown;
}

/** Counts of what was sent. */
export interface SentTotals {
  sessions: number;
  accepted: number;
  refused: number;
  requests: number;
  /** The first `REFUSALS_KEPT`. */
  readonly refusals: RefusedEvent[];
}

/** An attacker of this replay. */
export interface MetAttacker {
  readonly address: string | null;
  sessions: number;
}

/** Collects events and sends them when a request is full, or on `flush`.
 * @example const sender = new Sender(client, null);
 *          for await (const outgoing of readOutgoing(options)) await sender.add(outgoing);
 *          await sender.flush();
 */
export class Sender {
  readonly totals: SentTotals = { sessions: 0, accepted: 0, refused: 0, requests: 0, refusals: [] };
  readonly attackers = new Map<string, MetAttacker>();
  readonly #client: AttributionClient;
  readonly #speed: number | null;
  #events: unknown[] = [];
  #bytes = 0;
  #unregistered: Outgoing["attackers"][number][] = [];
  #begin: { readonly logTs: number; readonly wallMs: number } | null = null;

  /** @param speed - speed relative to the log, > 0, or null for as fast as possible */
  constructor(client: AttributionClient, speed: number | null) {
    this.#client = client;
    this.#speed = speed;
  }

  /** Takes a session. It returns when the next one may follow.
   * @throws ClientError */
  async add(outgoing: Outgoing): Promise<void> {
    await this.#untilDue(outgoing.endTs);
    for (const { uuid, facts } of outgoing.attackers) {
      const met = this.attackers.get(uuid);
      if (met) met.sessions += 1;
      else {
        this.attackers.set(uuid, { address: facts.ip ?? null, sessions: 1 });
        this.#unregistered.push({ uuid, facts });
      }
    }
    for (const event of outgoing.events) {
      const bytes = Buffer.byteLength(JSON.stringify(event)) + 1;
      const isFull = this.#events.length >= EVENTS_PER_REQUEST || this.#bytes + bytes > BYTES_PER_REQUEST;
      // oxlint-disable-next-line no-await-in-loop -- requests are sent one after the other, in order
      if (isFull) await this.flush();
      this.#events.push(event);
      this.#bytes += bytes;
    }
    this.totals.sessions += 1;
  }

  /** Sends the collected events.
   * @throws ClientError */
  async flush(): Promise<void> {
    const events = this.#events;
    if (events.length === 0) return;
    await this.#register();
    this.#events = [];
    this.#bytes = 0;
    const { accepted, rejected } = await this.#client.sendEvents(events);
    this.totals.requests += 1;
    this.totals.accepted += accepted;
    this.totals.refused += rejected.length;
    const room = REFUSALS_KEPT - this.totals.refusals.length;
    this.totals.refusals.push(
      ...rejected.slice(0, room).map((each) => ({ refusal: each, event: events[each.index] })),
    );
  }

  async #register(): Promise<void> {
    const waiting = this.#unregistered;
    this.#unregistered = [];
    for (let from = 0; from < waiting.length; from += REGISTRATIONS_AT_ONCE) {
      const together = waiting.slice(from, from + REGISTRATIONS_AT_ONCE);
      // oxlint-disable-next-line no-await-in-loop -- a limited number at a time
      await Promise.all(together.map(({ uuid, facts }) => this.#client.registerAttacker(uuid, facts)));
    }
  }

  async #untilDue(endTs: number | null): Promise<void> {
    if (this.#speed === null || endTs === null) return;
    this.#begin ??= { logTs: endTs, wallMs: Date.now() };
    const dueMs = this.#begin.wallMs + ((endTs - this.#begin.logTs) / this.#speed) * 1_000;
    if (dueMs <= Date.now()) return;
    await this.flush();
    for (let leftMs = dueMs - Date.now(); leftMs > 0; leftMs = dueMs - Date.now()) {
      // oxlint-disable-next-line no-await-in-loop -- a timer can wait 24 days at most
      await sleep(Math.min(leftMs, 86_400_000));
    }
  }
}
