/**
 * The WebSockets of those who watch an object. The platform keeps them while the object sleeps, so nothing is kept
 * here; and nothing here fails, because watching must never be in the way of what is watched.
 */
import type { ShownObservation, StreamFrame } from "./protocol.ts";

/** Observations shown of one call; of more, the latest. They are best effort, and a page full tells enough. */
export const OBSERVATIONS_SHOWN = 100;

/** An observation as an object has it. */
export interface WatchedObservation {
  readonly id: string;
  readonly attackerUuid: string;
  readonly primitive: string;
  /** Canonical JSON. */
  readonly value: string;
  /** Epoch seconds. */
  readonly ts: number;
  readonly evidenceRef: string;
}

export class Watchers {
  readonly #ctx: DurableObjectState;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  get isEmpty(): boolean {
    return this.#ctx.getWebSockets().length === 0;
  }

  /** Answers a request to watch; 426 if it is none. */
  accept(request: Request): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("This is watched by WebSocket.", {
        status: 426,
        headers: { upgrade: "websocket" },
      });
    }
    const { 0: theirs, 1: ours } = new WebSocketPair();
    this.#ctx.acceptWebSocket(ours);
    return new Response(null, { status: 101, webSocket: theirs });
  }

  /** Says that there is something new to read. */
  poke(): void {
    this.#send({ kind: "changed" });
  }

  /** Shows observations that were just applied. */
  show(identityUuid: string, observations: readonly WatchedObservation[]): void {
    if (observations.length === 0 || this.isEmpty) return;
    const shown = observations.slice(-OBSERVATIONS_SHOWN).map((observation) => {
      const { attackerUuid, id, primitive, value, ts, evidenceRef } = observation;
      return JSON.stringify({
        identity_uuid: identityUuid,
        attacker_uuid: attackerUuid,
        id,
        primitive,
        value: JSON.parse(value),
        ts,
        evidence_ref: evidenceRef,
      } satisfies ShownObservation);
    });
    this.#send({ kind: "observations", observations: shown });
  }

  #send(frame: StreamFrame): void {
    const text = JSON.stringify(frame);
    for (const socket of this.#ctx.getWebSockets()) {
      try {
        socket.send(text);
      } catch {
        // It is closing; whoever watched reads the history when it comes back.
      }
    }
  }
}
