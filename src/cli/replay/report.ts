/**
 * The report at the end of a replay: what was sent, what was refused, the states, and identities that are not stable.
 */
import type { AttributionClient, Stats } from "../client.ts";
import {
  type IdentityRow,
  mostInteresting,
  renderIdentities,
  renderStates,
  type TableOptions,
} from "../states-table.ts";
import type { LineProblem } from "./outgoing.ts";
import type { MetAttacker, RefusedEvent, SentTotals } from "./sender.ts";

/** Maximum number of attackers whose states are read: the most active ones. */
const ATTACKERS_READ = 1_000;
const READS_AT_ONCE = 8;
/** Maximum number of identities shown. */
const IDENTITIES_SHOWN = 10;
/** Maximum number of unreadable lines shown. */
const PROBLEMS_SHOWN = 10;

/** A sentence about what was sent. */
export function describeSent(totals: SentTotals, attackers: number, durationMs: number): string {
  const rate = Math.round(totals.accepted / Math.max(durationMs / 1_000, 0.001));
  return (
    `${count(totals.sessions)} sessions of ${count(attackers)} attackers: ${count(totals.accepted)} observations accepted, ` +
    `${count(totals.refused)} refused, in ${count(totals.requests)} requests and ${(durationMs / 1_000).toFixed(1)} s (${count(rate)}/s)`
  );
}

/** A sentence about how many observations were new. An observation is identified by attacker, primitive and evidence.
 * @param stored - rows added during the replay, including those of other senders
 */
export function describeStored(accepted: number, stored: number): string {
  const known = accepted - stored;
  if (known <= 0) return `${count(stored)} observations are new.`;
  return `${count(stored)} observations are new; ${count(known)} were there already (same source, primitive and evidence).`;
}

/** One line per kept refusal, and the number of further ones. */
export function describeRefusals(totals: SentTotals): string[] {
  const shown = totals.refusals.map(describeRefusal);
  const more = totals.refused - shown.length;
  return more > 0 ? [...shown, `… and ${count(more)} more`] : shown;
}

/** One line per unreadable line of the logs, and the number of further ones.
 * @param problems - the first ones
 * @param total - number of all
 */
export function describeProblems(problems: readonly LineProblem[], total: number): string[] {
  const shown = problems
    .slice(0, PROBLEMS_SHOWN)
    .map(({ file, line, reason }) => `${file}, line ${line}: ${reason}`);
  return total > shown.length ? [...shown, `… and ${count(total - shown.length)} more`] : shown;
}

/** The states of the whole Worker, and the identities of the replayed attackers that are not stable.
 * @throws ClientError */
export async function describeStates(
  client: AttributionClient,
  stats: Stats,
  attackers: ReadonlyMap<string, MetAttacker>,
  options: TableOptions,
): Promise<string> {
  const parts = [
    `${count(stats.identities)} identities of ${count(stats.attackers)} attackers, ${count(stats.observations)} observations stored. Primitives by state:`,
    renderStates(stats.states, options),
  ];
  const read = [...attackers]
    .toSorted(([a, { sessions: m }], [b, { sessions: n }]) => n - m || (a < b ? -1 : 1))
    .slice(0, ATTACKERS_READ);
  if (read.length < attackers.size)
    parts.push(`Looked at the ${count(read.length)} most active of ${count(attackers.size)} attackers only.`);
  const rows = await readIdentities(client, read);
  const shown = mostInteresting(rows, IDENTITIES_SHOWN);
  if (shown.length === 0)
    parts.push(`None of ${count(rows.length)} identities drifts, conflicts or alternates.`);
  else {
    parts.push(
      `The most interesting of ${count(rows.length)} identities (observations in brackets):`,
      renderIdentities(shown, options),
    );
  }
  return parts.join("\n");
}

/** Reads the states of attackers. Attackers of the same identity share a row. */
async function readIdentities(
  client: AttributionClient,
  attackers: readonly (readonly [string, MetAttacker])[],
): Promise<IdentityRow[]> {
  const rows = new Map<string, IdentityRow>();
  for (let from = 0; from < attackers.length; from += READS_AT_ONCE) {
    // oxlint-disable-next-line no-await-in-loop -- a limited number at a time
    const together = await Promise.all(
      attackers.slice(from, from + READS_AT_ONCE).map(async ([uuid, met]) => ({
        attribution: await client.attribution(uuid),
        label: met.address ?? uuid,
        sessions: met.sessions,
      })),
    );
    for (const { attribution, label, sessions } of together) {
      if (!attribution?.identity_uuid) continue;
      const known = rows.get(attribution.identity_uuid);
      rows.set(attribution.identity_uuid, {
        identityUuid: attribution.identity_uuid,
        label: known ? `${known.label}\n${label}` : label,
        sessions: (known?.sessions ?? 0) + sessions,
        primitives: attribution.primitives,
      });
    }
  }
  return [...rows.values()];
}

function describeRefusal({ refusal: { code, field, detail }, event }: RefusedEvent): string {
  const id =
    typeof event === "object" && event !== null && "id" in event
      ? ` (event ${JSON.stringify(event.id)})`
      : "";
  return `${code} in ${field}: ${detail}${id}`;
}

function count(value: number): string {
  return value.toLocaleString("en-GB");
}
