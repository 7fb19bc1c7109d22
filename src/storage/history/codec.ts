/**
 * The encoding of events that follow one another in the history of an identity: one packed JSON list. What can be derived is left out
 * of each envelope, and what an event does not have in common with the contract's envelopes is stored as it is.
 */
import { z } from "zod";
import { EVENT_KINDS, eventId } from "../../core/index.ts";
import { pack, unpack } from "../packed.ts";

/** An event in the form of the history. */
export interface HistoryEvent {
  readonly seq: number;
  /** JSON of the envelope. */
  readonly event: string;
}

/** The same, read. */
export interface ReadEvent extends HistoryEvent {
  readonly envelope: unknown;
}

/** Reads an event. @throws SyntaxError if it is no JSON */
export function readEvent({ seq, event }: HistoryEvent): ReadEvent {
  return { seq, event, envelope: JSON.parse(event) };
}

/** Whose events they are, and where they are in its history. */
export interface PagePlace {
  readonly identityUuid: string;
  /** Number of the last event. */
  readonly seq: number;
  /** Number of events. */
  readonly size: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** An envelope without what follows from its place and type; or the text of an event, where that would not be the same again. */
export type PageEntry = Fields | string;

const pageSchema = z.array(z.unknown());

const TOPICS: ReadonlyMap<unknown, string> = new Map(
  Object.values(EVENT_KINDS).map(({ topic, type }) => [type, topic]),
);

/**
 * Encodes events.
 * @param events - their numbers follow one another, in order
 * @returns hexadecimal digits
 */
export function encodePage(identityUuid: string, events: readonly ReadEvent[]): string {
  return pack(JSON.stringify(events.map((event) => toEntry(identityUuid, event))));
}

/**
 * Decodes a page.
 * @returns its events in order, byte for byte as they were encoded
 * @throws Error if it is damaged
 */
export function decodePage(place: PagePlace, body: string): HistoryEvent[] {
  return decodeEntries(place, body).map(({ seq, entry }) => ({
    seq,
    event: toText(place.identityUuid, seq, entry),
  }));
}

/**
 * Reads the fields of a page's events that are stored, which is less work than restoring them.
 * @throws Error if it is damaged
 */
export function decodeEntries(
  { seq, size }: PagePlace,
  body: string,
): { readonly seq: number; readonly entry: PageEntry }[] {
  const entries = pageSchema.parse(JSON.parse(unpack(body)));
  if (entries.length !== size) {
    throw new Error(`a page must hold ${size} events up to ${seq}, found ${entries.length}`);
  }
  return entries.map((entry, i) => {
    if (typeof entry === "string" || isRecord(entry)) return { seq: seq - size + 1 + i, entry };
    throw new Error(`a page up to ${seq} must hold envelopes, found ${JSON.stringify(entry)}`);
  });
}

/** The entry of an event: its text if anything of it would be lost. */
function toEntry(identityUuid: string, { seq, event, envelope }: ReadEvent): PageEntry {
  if (!isRecord(envelope) || !isRecord(envelope["payload"])) return event;
  const { v: _v, id: _id, seq: _seq, topic: _topic, ...others } = envelope;
  const { [ownerField(envelope)]: _owner, ...payload } = envelope["payload"];
  const entry = { ...others, payload };
  return toText(identityUuid, seq, entry) === event ? entry : event;
}

function toText(identityUuid: string, seq: number, entry: PageEntry): string {
  if (typeof entry === "string") return entry;
  const { type, ts, payload, ...others } = entry;
  const own = isRecord(payload) ? payload : {};
  return JSON.stringify({
    v: 1,
    id: eventId(identityUuid, seq),
    seq,
    topic: TOPICS.get(type),
    type,
    ts,
    payload: { [ownerField(entry)]: identityUuid, ...own },
    ...others,
  });
}

/** The field of a payload that names the identity, whose event it is. */
function ownerField({ type }: Fields): string {
  return type === EVENT_KINDS.merged.type ? "winner_uuid" : "identity_uuid";
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
