/**
 * Prints what D1 has stored of an attacker or an identity, decoded: observations, or the history of events. It goes from page to page,
 * so that NDJSON of any length needs the memory of a page.
 */
import { toWireObservation } from "../../http/observations/format.ts";
import {
  attackersQuery,
  eventRowsQuery,
  type InspectedAttacker,
  readAttackers,
  readEventRows,
  readSessionRows,
  sessionRowsQuery,
} from "../../storage/inspection.ts";
import type { RecordedObservation } from "../../storage/sessions/codec.ts";
import type { AskDatabase } from "./database.ts";
import { type EventRow, renderEvents, renderObservations } from "./tables.ts";

/** What to print. At least one of the two is given. */
export interface Subject {
  readonly attackerUuid: string | null;
  readonly identityUuid: string | null;
}

export interface ObservationsOptions extends Subject {
  /** Whether to print the events of the identity instead of observations. */
  readonly isHistory: boolean;
  /** Whether to print NDJSON instead of tables. */
  readonly isJson: boolean;
  /** Most observations or events to print. */
  readonly limit: number;
}

/** The databases to look in, by name, and where to print. */
export interface ObservationsTools {
  readonly databases: readonly { readonly name: string; readonly ask: AskDatabase }[];
  readonly print: (line: string) => void;
  /** For what is not data. */
  readonly note: (line: string) => void;
}

/** What was found, and in which database. */
interface Found {
  readonly ask: AskDatabase;
  readonly attackers: readonly InspectedAttacker[];
}

/** @throws Error if nothing is known of the subject, or a database cannot be read */
export async function printStored(options: ObservationsOptions, tools: ObservationsTools): Promise<void> {
  if (!options.isHistory) return printObservations(await find(options, tools), options, tools);
  const identityUuid = options.identityUuid ?? (await identityOf(options, tools));
  for (const { ask } of tools.databases) {
    // oxlint-disable-next-line no-await-in-loop -- a history is in one database, most often the first
    if (await printHistory(ask, identityUuid, options, tools)) return;
  }
  throw new Error(`there are no events of the identity ${identityUuid} in ${namesOf(tools)}`);
}

async function identityOf(subject: Subject, tools: ObservationsTools): Promise<string> {
  const [attacker] = (await find(subject, tools)).attackers;
  if (!attacker?.identityUuid) {
    throw new Error(`the attacker ${subject.attackerUuid} is not registered, so it has no history`);
  }
  return attacker.identityUuid;
}

async function find(subject: Subject, tools: ObservationsTools): Promise<Found> {
  const queries = [
    ...(subject.attackerUuid === null ? [] : [attackersQuery({ attackerUuid: subject.attackerUuid })]),
    ...(subject.identityUuid === null ? [] : [attackersQuery({ identityUuid: subject.identityUuid })]),
  ];
  for (const { ask } of tools.databases) {
    const attackers = new Map<string, InspectedAttacker>();
    for (const query of queries) {
      // oxlint-disable-next-line no-await-in-loop -- everything of a subject is in one database, most often the first
      for (const attacker of readAttackers(await ask(query))) attackers.set(attacker.uuid, attacker);
    }
    if (attackers.size > 0) return { ask, attackers: [...attackers.values()] };
  }
  const names = [
    ...(subject.attackerUuid === null ? [] : [`the attacker ${subject.attackerUuid}`]),
    ...(subject.identityUuid === null ? [] : [`an attacker of the identity ${subject.identityUuid}`]),
  ];
  throw new Error(`${names.join(" or ")} is not in ${namesOf(tools)}`);
}

function namesOf({ databases }: ObservationsTools): string {
  return databases.map(({ name }) => name).join(", ");
}

async function printObservations(
  { ask, attackers }: Found,
  { isJson, limit }: ObservationsOptions,
  { print, note }: ObservationsTools,
): Promise<void> {
  let left = limit;
  for (const attacker of attackers) {
    note(describeAttacker(attacker));
    const taken: RecordedObservation[] = [];
    for (let after = -1; left > 0;) {
      // oxlint-disable-next-line no-await-in-loop -- each page follows the one before
      const rows = readSessionRows(attacker.uuid, await ask(sessionRowsQuery(attacker.uuid, after)));
      const last = rows.at(-1);
      if (!last) break;
      after = last.place;
      const page = rows.flatMap(({ observations }) => observations).slice(0, left);
      left -= page.length;
      if (isJson) for (const each of page) print(JSON.stringify(toWireObservation(each.observation)));
      else taken.push(...page);
    }
    if (taken.length > 0) print(renderObservations(taken));
  }
  const all = attackers.reduce((sum, { observations }) => sum + observations, 0);
  if (all > limit) note(`${limit} of ${all} observations, in no order of time; --limit gives more.`);
}

function describeAttacker({
  uuid,
  identityUuid,
  ip,
  rows,
  observations,
  unpacked,
}: InspectedAttacker): string {
  const address = ip === null ? "" : ` (${ip})`;
  const identity = identityUuid === null ? "not registered" : `identity ${identityUuid}`;
  const rest = unpacked === 0 ? "" : `; ${unpacked} more wait for the job that packs them, and are not shown`;
  return `attacker ${uuid}${address}, ${identity}: ${observations} observations in ${rows} rows${rest}`;
}

/** @returns whether there were any events */
async function printHistory(
  ask: AskDatabase,
  identityUuid: string,
  { isJson, limit }: ObservationsOptions,
  { print, note }: ObservationsTools,
): Promise<boolean> {
  const taken: EventRow[] = [];
  let count = 0;
  let hasMore = false;
  for (let afterSeq = 0; !hasMore;) {
    // oxlint-disable-next-line no-await-in-loop -- each page follows the one before
    const events = readEventRows(identityUuid, await ask(eventRowsQuery(identityUuid, afterSeq)));
    const last = events.at(-1);
    if (!last) break;
    afterSeq = last.seq;
    hasMore = events.length > limit - count;
    const page = events.slice(0, limit - count);
    count += page.length;
    if (isJson) for (const { event } of page) print(event);
    else taken.push(...page);
  }
  if (count === 0) return false;
  note(`identity ${identityUuid}: ${count} events${hasMore ? ", and more; --limit gives them" : ""}`);
  if (taken.length > 0) print(renderEvents(taken));
  return true;
}
