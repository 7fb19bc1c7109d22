import { describe, expect, it } from "vitest";
import { randomOf } from "../../src/simulate/random.ts";
import {
  decodePage,
  encodePage as encode,
  type HistoryEvent,
  readEvent,
} from "../../src/storage/history/codec.ts";
import { eventsFrom, randomEvent, randomFields, type Random } from "./events.ts";

const encodePage = (identityUuid: string, events: readonly HistoryEvent[]) =>
  encode(identityUuid, events.map(readEvent));

const place = (identityUuid: string, events: readonly HistoryEvent[]) => ({
  identityUuid,
  seq: events.at(-1)?.seq ?? 0,
  size: events.length,
});

/** A page of events, some of which have something that the contract does not know. */
function randomPage(random: Random, identityUuid: string): HistoryEvent[] {
  const first = random.integer(1, 1_000);
  return Array.from({ length: random.integer(1, 12) }, (_, i) => {
    const event = randomEvent(random, { identityUuid, seq: first + i, nowTs: random.integer(0, 1e9) / 4 });
    return { seq: first + i, event: JSON.stringify(changed(random, event)) };
  });
}

function changed(random: Random, event: ReturnType<typeof randomEvent>): unknown {
  switch (random.integer(0, 11)) {
    case 0:
      return { ...event, ...randomFields(random) };
    case 1:
      return { ...event, payload: { ...event.payload, ...randomFields(random) } };
    case 2:
      return { ...event, payload: { ...randomFields(random), ...event.payload } };
    case 3:
      return { ...event, v: 2, id: "other" };
    case 4:
      return { ...event, topic: "another.topic" };
    case 5:
      return { ...event, type: "of_tomorrow" };
    case 6:
      return { ...randomFields(random), ...event };
    case 7:
      return { ...event, payload: [null, "text", [1], {}][random.integer(0, 3)] };
    case 8:
      return { ...event, payload: { ...event.payload, identity_uuid: crypto.randomUUID() } };
    case 9:
      return { ...event, seq: event.seq + 1, ts: String(event.ts) };
    default:
      return event;
  }
}

describe("[events in D1] the encoding of a page", () => {
  it("gives every event back byte for byte, whatever its fields are", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomOf(seed, [10]);
      const identityUuid = crypto.randomUUID();
      const events = randomPage(random, identityUuid);
      const body = encodePage(identityUuid, events);
      expect(decodePage(place(identityUuid, events), body), `seed ${seed}`).toEqual(events);
    }
  });

  it("gives back an event with blanks, with repeated fields, and one that is no object", () => {
    const identityUuid = crypto.randomUUID();
    const events = ['{ "payload": {} }', '{"payload":{},"payload":{"a":1}}', "[1, 2]", "null", '"text"'].map(
      (event, i) => ({ seq: i + 1, event }),
    );
    expect(decodePage(place(identityUuid, events), encodePage(identityUuid, events))).toEqual(events);
  });

  it("leaves out what can be derived: a transition takes a tenth of its JSON", () => {
    const identityUuid = crypto.randomUUID();
    const events = eventsFrom(identityUuid, 1, 20);
    const characters = events.reduce((sum, { event }) => sum + event.length, 0);
    expect(encodePage(identityUuid, events).length / 2).toBeLessThan(characters / 10);
  });

  it("a page that does not hold as many events as its row says is damaged", () => {
    const identityUuid = crypto.randomUUID();
    const events = eventsFrom(identityUuid, 1, 3);
    const body = encodePage(identityUuid, events);
    expect(() => decodePage({ identityUuid, seq: 3, size: 2 }, body)).toThrow("2 events up to 3, found 3");
    expect(() => decodePage({ identityUuid, seq: 3, size: 3 }, body.slice(0, -8))).toThrow(
      "unexpected end of file",
    );
  });
});
