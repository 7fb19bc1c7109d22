/** The stream of everything over two databases: a position is one cursor per database, and resuming misses and repeats nothing. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { followEverything } from "../../src/stream/index.ts";
import { deliver } from "../setup/deliver.ts";
import { get } from "../setup/get.ts";
import { waitForSeq } from "../setup/outbound.ts";
import { series } from "../setup/payload.ts";
import { attackerIn } from "./setup.ts";

async function play(): Promise<string[]> {
  const knowns = [0, 1, 0, 1].map(attackerIn);
  await deliver(
    knowns.flatMap(({ attackerUuid }) => series(attackerUuid, "motor.input_modality", ["a", "a", "a"])),
  );
  for (const { identityUuid } of knowns) await waitForSeq(identityUuid, 3);
  return knowns.map(({ identityUuid }) => identityUuid);
}

it("[§7 several databases] has the events of both, each identity's in order, and resumes after any of them", async () => {
  await play();
  const source = await followEverything(env, null);
  const identities = await play();
  const step = await source.next();
  const messages = step?.messages ?? [];
  expect(messages).toHaveLength(12);
  for (const identityUuid of identities) {
    const seqs = messages
      .map(({ data }) => JSON.parse(data))
      .filter(({ payload }) => payload.identity_uuid === identityUuid)
      .map(({ seq }) => seq);
    expect(seqs).toEqual([1, 2, 3]);
  }
  for (const [i, { id = "" }] of messages.entries()) {
    const resumed = await followEverything(env, id);
    expect(resumed.first.id).toBeUndefined();
    expect((await resumed.next())?.messages).toEqual(messages.slice(i + 1));
  }
});

it("[§7 several databases] with another number of cursors, or with one that was never given out, a stream starts at the newest event", async () => {
  await play();
  const now = (await followEverything(env, null)).first.id ?? "";
  expect(now).toMatch(/^\d+-\d+$/);
  for (const position of ["1", "1-1-1", "1-999999", "999999-1"]) {
    const source = await followEverything(env, position);
    expect(source.first.id).toBe(now);
    expect((await source.next())?.messages).toEqual([]);
  }
  const resumed = await get(`/api/v1/events?last_event_id=${now}`);
  expect(resumed.status).toBe(200);
  await resumed.body?.cancel();
  for (const wrong of ["1-", "-1", "1-x", "1 2"]) {
    expect((await get(`/api/v1/events?last_event_id=${encodeURIComponent(wrong)}`)).status).toBe(422);
  }
});
