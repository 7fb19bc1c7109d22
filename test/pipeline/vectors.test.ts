/** The conformance streams, through consumer, D1, identity objects and the outbound queue, in every batching. */
import { evictDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, inject, it, vi } from "vitest";
import { z } from "zod";
import type { OutboundEvent } from "../../src/core/index.ts";
import { deliver, pieces, statesOf } from "../setup/deliver.ts";
import { receivedFor } from "../setup/outbound.ts";

declare module "vitest" {
  interface ProvidedContext {
    pipelineVectors: unknown[];
  }
}

const streamSchema = z.object({
  case: z.number(),
  attackers: z.array(z.object({ uuid: z.string(), identity: z.string() })),
  events: z.array(z.looseObject({ id: z.string(), attacker_uuid: z.string() })),
  expected: z.object({
    transitions: z.array(z.looseObject({ caused_by: z.string(), type: z.string(), identity: z.string() })),
    states: z.array(z.looseObject({ identity: z.string(), last_change_ts: z.number() })),
  }),
});
type Stream = z.infer<typeof streamSchema>;

const streams = inject("pipelineVectors").map((line) => streamSchema.parse(line));

/** Gives a stream fresh UUIDs, so that it can be played several times, and registers its attackers. */
async function register(stream: Stream): Promise<{ stream: Stream; identities: Map<string, string> }> {
  const identities = new Map(stream.attackers.map(({ identity }) => [identity, crypto.randomUUID()]));
  const fresh = new Map(stream.attackers.map(({ uuid }) => [uuid, crypto.randomUUID()]));
  for (const { uuid, identity } of stream.attackers) {
    const response = await exports.default.fetch(`https://x/api/v1/attackers/${fresh.get(uuid)}`, {
      method: "PUT",
      headers: { authorization: "Bearer admin-token", "content-type": "application/json" },
      body: JSON.stringify({ identity_uuid: identities.get(identity) }),
    });
    expect(response.status).toBe(201);
  }
  const events = stream.events.map((event) => ({
    ...event,
    attacker_uuid: fresh.get(event.attacker_uuid) ?? "",
  }));
  return { stream: { ...stream, events }, identities };
}

/** The same order for the same seed. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const keyed = list.map((item, i) => ({ item, key: Math.imul(seed + i * 7_919, 2_654_435_761) >>> 0 }));
  return keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
}

const deliveries: Record<string, (events: Stream["events"]) => Stream["events"][]> = {
  "one message at a time": (events) => pieces(events, 1),
  "in one batch": (events) => [events],
  "in batches of 7": (events) => pieces(events, 7),
  doubled: (events) => [
    ...pieces(
      events.flatMap((event) => [event, event]),
      10,
    ),
    events,
  ],
};

/** An event of ours in the words of the vectors. */
function toExpected(event: OutboundEvent): unknown {
  if (event.type === "profile.state_changed") {
    const { primitive, old_state, new_state, current_value, confidence, observation_count, ts } =
      event.payload;
    return {
      type: event.topic,
      primitive,
      old_state,
      new_state,
      current_value,
      confidence,
      observation_count,
      ts,
    };
  }
  if (event.type === "profile.multi_actor_suspected") {
    const { primitives, evidence_summary, confidence } = event.payload;
    return { type: event.topic, primitives, evidence_summary, confidence };
  }
  return { type: event.topic };
}

/** Numbers agree to 1e-9 relative, everything else exactly. */
function expectSame(found: unknown, expected: unknown, place: string): void {
  if (typeof expected === "number" && typeof found === "number") {
    expect(Math.abs(found - expected), place).toBeLessThanOrEqual(1e-9 * Math.abs(expected));
  } else if (
    typeof expected === "object" &&
    expected !== null &&
    typeof found === "object" &&
    found !== null
  ) {
    expect(Object.keys(found).toSorted(), place).toEqual(Object.keys(expected).toSorted());
    const members = new Map(Object.entries(found));
    for (const [key, member] of Object.entries(expected))
      expectSame(members.get(key), member, `${place}.${key}`);
  } else expect(found, place).toEqual(expected);
}

async function expectStates(
  { expected }: Stream,
  identities: ReadonlyMap<string, string>,
  withChangeTs: boolean,
): Promise<void> {
  for (const [label, identityUuid] of identities) {
    const found = (await statesOf(identityUuid)).map((attribution) => ({
      identity: label,
      primitive: attribution.primitive,
      current_value: JSON.parse(attribution.currentValue),
      state: attribution.state,
      confidence: attribution.confidence,
      observation_count: attribution.observationCount,
      last_observation_ts: attribution.lastObservationTs,
      last_change_ts: withChangeTs ? attribution.lastChangeTs : 0,
    }));
    const wanted = expected.states
      .filter(({ identity }) => identity === label)
      .map((state) => (withChangeTs ? state : { ...state, last_change_ts: 0 }));
    expectSame(found, wanted, label);
  }
}

describe.skipIf(streams.length === 0)(
  "[§4] conformance streams (skipped: ../shared/ is not beside the project)",
  () => {
    it("there are 40 of them", () => {
      expect(streams).toHaveLength(40);
    });

    it.each(Object.entries(deliveries))(
      "[§4] every transition is published once, in order, when delivered %s",
      async (_, cut) => {
        await forEach(streams, async (given) => {
          const { stream, identities } = await register(given);
          for (const batch of cut(stream.events)) {
            const result = await deliver(batch);
            expect(result.explicitAcks).toHaveLength(batch.length);
            expect(result.retryMessages).toEqual([]);
          }
          for (const [label, identityUuid] of identities) await expectEvents(stream, label, identityUuid);
          await expectStates(stream, identities, true);
        });
      },
    );

    it("[§4] the objects evicted between any two batches change nothing", async () => {
      await forEach(streams.slice(0, 16), async (given) => {
        const { stream, identities } = await register(given);
        for (const batch of pieces(stream.events, 7)) {
          await deliver(batch);
          for (const identityUuid of identities.values()) {
            // Only what runs can be evicted.
            await statesOf(identityUuid);
            await evictDurableObject(env.IDENTITIES.getByName(identityUuid));
          }
        }
        for (const [label, identityUuid] of identities) await expectEvents(stream, label, identityUuid);
        await expectStates(stream, identities, true);
      });
    });

    it("[§3] delivered in another order, the states are the same in the end", async () => {
      await forEach(streams, async (given) => {
        const { stream, identities } = await register(given);
        for (const batch of pieces(shuffled(stream.events, stream.case), 7)) await deliver(batch);
        await expectStates(stream, identities, false);
      });
    });
  },
);

/** Several streams at a time: most of each is waiting. */
async function forEach<T>(list: readonly T[], play: (item: T) => Promise<void>): Promise<void> {
  for (const group of pieces(list, 8)) await Promise.all(group.map(play));
}

async function expectEvents(stream: Stream, label: string, identityUuid: string): Promise<void> {
  const wanted = stream.expected.transitions
    .filter(({ identity }) => identity === label)
    .map(({ caused_by: _cause, identity: _label, ...transition }) => transition);
  if (wanted.length === 0) return;
  // The vectors know nothing of evidence, whose events are numbered with the others.
  const isOfVectors = ({ type }: OutboundEvent) => !type.startsWith("evidence.");
  const published = await vi.waitFor(
    () => {
      const all = receivedFor(identityUuid);
      expect(all.filter(isOfVectors)).toHaveLength(wanted.length + 1);
      return all;
    },
    { timeout: 20_000, interval: 10 },
  );
  expect(published.map(({ seq }) => seq)).toEqual(published.map((_event, i) => i + 1));
  expectSame(
    published.filter(isOfVectors).map(toExpected),
    [{ type: "identity.formed" }, ...wanted],
    `case ${stream.case} ${label}`,
  );
}
