/** The events that the outbound queue delivered, in order of arrival. */
import { expect, vi } from "vitest";
import type { OutboundEvent } from "../../src/core/index.ts";

const received: OutboundEvent[] = [];

/** Keeps the events of a batch of the outbound queue. */
export function receive(batch: MessageBatch): void {
  for (const message of batch.messages) received.push(message.body as OutboundEvent);
}

/** The events of an identity that were delivered so far. */
export function receivedFor(identityUuid: string): OutboundEvent[] {
  return received.filter(
    ({ payload }) =>
      ("winner_uuid" in payload ? payload.winner_uuid : payload.identity_uuid) === identityUuid,
  );
}

/**
 * Waits until the outbound queue has delivered an identity's events up to `seq`.
 * @returns them, in order of arrival, repeats included
 */
export async function waitForSeq(identityUuid: string, seq: number): Promise<OutboundEvent[]> {
  await vi.waitFor(
    () => {
      const last = Math.max(0, ...receivedFor(identityUuid).map((event) => event.seq));
      expect(last).toBe(seq);
    },
    { timeout: 20_000, interval: 10 },
  );
  return receivedFor(identityUuid);
}
