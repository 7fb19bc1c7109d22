/**
 * The consumer on damaged messages, in large batches, in the Workers runtime: it never throws, every message gets a verdict,
 * every valid event is stored and applied, every other one becomes a dead letter.
 */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, inject, it, vi } from "vitest";
import { type AppliedObservation, createRegistry, stubIdentityUuid } from "../../src/core/index.ts";
import { readMessage } from "../../src/consumer/read-batch.ts";
import { shardOf } from "../../src/shard.ts";
import worker from "../../src/worker.ts";
import { mutantOf } from "../core/mutations.ts";
import { heldObservations } from "../setup/object-observations.ts";
import { storedObservations } from "../setup/observations.ts";

const { fuzz: runs, seed: firstSeed } = inject("faults");
/** Messages of one batch: the queue's limit. */
const BATCH = 100;
/** Messages of one test. */
const BLOCK = 5_000;
const registry = createRegistry();

vi.spyOn(console, "error").mockImplementation(() => {});

const blocks = Array.from({ length: Math.ceil(runs / BLOCK) }, (_, i) => firstSeed + i * BLOCK);

it.for(blocks)(
  "[§2] the consumer has a verdict on every damaged message from seed %i on",
  async (from, { task }) => {
    const end = Math.min(from + BLOCK, firstSeed + runs);
    const seen = { observations: 0, refused: 0, ignored: 0 };
    task.meta.counts = seen;
    const attackers = new Set<string>();
    await env.DB.prepare("DELETE FROM dead_letters").run();
    for (let seed = from; seed < end; seed += BATCH) {
      const nowTs = Date.now() / 1_000;
      const messages = Array.from({ length: Math.min(BATCH, end - seed) }, (_, i) => ({
        id: `fuzz-${seed + i}`,
        timestamp: new Date(),
        attempts: 1,
        body: mutantOf(seed + i, Math.floor(nowTs)),
      }));
      const batch = createMessageBatch("attacker-observations", messages);
      // The queue hands over a copy, in which some values differ from those that were sent.
      const contents = batch.messages.map((message) =>
        readMessage(message, { receivedTs: nowTs, registry, keptFromTs: null }),
      );
      await worker.queue(batch, env);
      const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext());
      expect(retryMessages, `seeds ${seed} to ${seed + BATCH - 1}`).toEqual([]);
      expect(explicitAcks.toSorted()).toEqual(messages.map(({ id }) => id).toSorted());
      const letters = contents.flatMap(({ deadLetters }) => deadLetters.map(({ id }) => id));
      expect(await unknownLetters(letters), `seeds ${seed} to ${seed + BATCH - 1}`).toEqual([]);
      for (const { observations, deadLetters, ignored } of contents) {
        for (const { observation } of observations) attackers.add(observation.attackerUuid);
        seen.observations += observations.length;
        seen.refused += deadLetters.length;
        seen.ignored += ignored;
      }
    }
    expect(Math.min(seen.observations, seen.refused, seen.ignored)).toBeGreaterThan(0);
    for (const attackerUuid of attackers) await expectApplied(attackerUuid);
  },
);

/** The ids among these that no dead letter has. */
async function unknownLetters(ids: readonly string[]): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "SELECT value AS id FROM json_each(?1) WHERE value NOT IN (SELECT id FROM dead_letters)",
  )
    .bind(JSON.stringify(ids))
    .all<{ id: string }>();
  return results.map(({ id }) => id);
}

/** Expects the object to hold what D1 has of an attacker. */
async function expectApplied(attackerUuid: string): Promise<void> {
  const stored = await storedObservations(attackerUuid, shardOf(env, attackerUuid).db);
  const stub = env.IDENTITIES.getByName(stubIdentityUuid(attackerUuid));
  const applied = await heldObservations(stub);
  const textOf = ({ primitive, evidenceRef, ts, id, value }: AppliedObservation) =>
    JSON.stringify([primitive, evidenceRef, ts, id, value]);
  expect(applied.map(textOf).toSorted()).toEqual(stored.map(textOf).toSorted());
}
