/**
 * The WebSockets of the streams that watch an object. The platform keeps them while the object hibernates, so this class
 * keeps no list. Nothing here throws: a stream must never disturb the object that it watches.
 */
import type { ShownObservation, StreamFrame } from "./protocol.ts";

/** Observations of one call that are sent to watchers: the latest. They are best effort. */
export const OBSERVATIONS_SHOWN = 100;

/** An observation as it is stored in an object. */
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

  /** Accepts a WebSocket; any other request gets 426. */
  accept(request: Request): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("A WebSocket is required here.", {
        status: 426,
        headers: { upgrade: "websocket" },
      });
    }
    const { 0: theirs, 1: ours } = new WebSocketPair();
    this.#ctx.acceptWebSocket(ours);
    return new Response(null, { status: 101, webSocket: theirs });
  }

  /** Tells the watchers that the history has grown. */
  poke(): void {
    this.#send({ kind: "changed" });
  }

  /** Sends observations that were just applied to the watchers. */
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
        // The WebSocket is closing; the stream reads the history after it reconnects.
      }
    }
  }
}
