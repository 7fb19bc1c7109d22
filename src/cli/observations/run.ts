/**
 * Prints what D1 has stored of an attacker or an identity, decoded: observations, or the history of events. It goes from page to page,
 * so that NDJSON of any length needs the memory of a page.
 */
import type { Observation } from "../../core/index.ts";
import { toWireObservation } from "../../http/observations/format.ts";
import {
  attackersQuery,
  eventRowsQuery,
  type InspectedAttacker,
  readAttackers,
  readEventRows,
  readSessionRows,
  sessionRowsQuery,
  type Subject,
} from "../../storage/inspection.ts";
import type { RowPlace } from "../../storage/sessions/rows.ts";
import type { AskDatabase } from "./database.ts";
import { type EventRow, renderEvents, renderObservations } from "./tables.ts";

/** What to print, and of whom. */
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
  for (const { ask } of tools.databases) {
    // oxlint-disable-next-line no-await-in-loop -- everything of a subject is in one database, most often the first
    const attackers = readAttackers(await ask(attackersQuery(subject)));
    if (attackers.length > 0) return { ask, attackers };
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
  options: ObservationsOptions,
  { print, note }: ObservationsTools,
): Promise<void> {
  const { isJson, limit } = options;
  for (const attacker of attackers) note(describeAttacker(attacker));
  const rowCount = attackers.reduce((sum, { rows }) => sum + rows, 0);
  const taken: Observation[] = [];
  let after: RowPlace | null = null;
  let count = 0;
  for (let read = 0; read < rowCount && count < limit;) {
    // oxlint-disable-next-line no-await-in-loop -- each page follows the one before
    const rows = readSessionRows(await ask(sessionRowsQuery(options, after)));
    after = rows.at(-1) ?? null;
    if (after === null) break;
    read += rows.length;
    const page = rows.flatMap(({ observations }) => observations).slice(0, limit - count);
    count += page.length;
    if (isJson) for (const { observation } of page) print(JSON.stringify(toWireObservation(observation)));
    else taken.push(...page.map(({ observation }) => observation));
  }
  for (const { uuid } of attackers) {
    const own = taken.filter(({ attackerUuid }) => attackerUuid === uuid);
    if (own.length > 0) print(`${uuid}\n${renderObservations(own)}`);
  }
  const all = attackers.reduce((sum, { observations }) => sum + observations, 0);
  if (all > limit) note(`${limit} of ${all} observations, not the first in time; --limit gives more.`);
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
  let afterSeq = 0;
  let hasMore = false;
  for (let isEnd = false; !isEnd;) {
    // oxlint-disable-next-line no-await-in-loop -- each page follows the one before
    const { events, isLast } = readEventRows(identityUuid, await ask(eventRowsQuery(identityUuid, afterSeq)));
    afterSeq = events.at(-1)?.seq ?? afterSeq;
    hasMore = events.length > limit - count || (!isLast && events.length === limit - count);
    isEnd = isLast || hasMore;
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
