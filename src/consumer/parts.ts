/** A batch by database: each part is stored in one transaction and applied, whatever becomes of the others. */
import { cellOf, cellsOf, firstCell } from "../cells.ts";
import type { IncomingMessage, MessageContent } from "./read-batch.ts";
import type { Verdict } from "./verdict.ts";

/** What of a batch belongs to one cell. */
export interface Part {
  readonly cell: Env;
  readonly contents: readonly MessageContent[];
}

/**
 * The parts of a batch, every message in at least one. What belongs to no attacker (refusals, counts) is in the first
 * cell's; with one database bound that is all of it.
 */
export function partsOf(contents: readonly MessageContent[], env: Env): readonly Part[] {
  if (cellsOf(env).length === 1) return [{ cell: env, contents }];
  const first = firstCell(env);
  const cells = new Map<string, Env>();
  const parts = new Map<Env, MessageContent[]>();
  for (const content of contents) {
    const byCell = Map.groupBy(content.observations, ({ observation: { attackerUuid } }) => {
      const cell = cells.get(attackerUuid) ?? cellOf(env, attackerUuid);
      cells.set(attackerUuid, cell);
      return cell;
    });
    const { deadLetters, ignored, expired } = content;
    if (byCell.size === 0 || deadLetters.length + ignored + expired > 0) {
      byCell.set(first, byCell.get(first) ?? []);
    }
    for (const [cell, observations] of byCell) {
      const rest = cell === first ? {} : { deadLetters: [], ignored: 0, expired: 0 };
      const part = parts.get(cell) ?? [];
      parts.set(cell, part);
      part.push({ ...content, observations, ...rest });
    }
  }
  return [...parts].map(([cell, part]) => ({ cell, contents: part }));
}

/**
 * The verdict on each message: done when it is in every part that it is in, else put off for the longest wait.
 * @param verdicts - per part, one for each of its messages
 */
export function verdictsOf(
  contents: readonly MessageContent[],
  parts: readonly Part[],
  verdicts: readonly (readonly Verdict[])[],
): Verdict[] {
  const worst = new Map<IncomingMessage, Verdict>();
  for (const [p, part] of parts.entries()) {
    for (const [i, { message }] of part.contents.entries()) {
      const verdict = verdicts[p]?.[i] ?? { kind: "retry", delaySecs: 0 };
      worst.set(message, laterOf(worst.get(message) ?? verdict, verdict));
    }
  }
  return contents.map(({ message }) => worst.get(message) ?? { kind: "retry", delaySecs: 0 });
}

function laterOf(a: Verdict, b: Verdict): Verdict {
  if (a.kind === "done") return b;
  return b.kind === "done" || b.delaySecs <= a.delaySecs ? a : b;
}
