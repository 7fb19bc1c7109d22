/**
 * From the raw inputs of a terminal to what a hand did: keys, pastes, and what was typed before the shell was ready;
 * and from those to lines. Leaves classifying them to `tty-findings.ts`.
 */
import { MACHINE_GAP_SECS, PASTE_CHARS, PASTE_JOIN_SECS, TYPE_AHEAD_SECS } from "./thresholds.ts";

/** One input as the recording has it. */
export interface TtyInput {
  readonly ts: number;
  readonly text: string;
}

/** One act of a hand. `type_ahead` keys were typed, but when is unknown. */
export interface InputUnit {
  readonly kind: "key" | "paste" | "type_ahead";
  readonly ts: number;
  /** When its last character came, epoch seconds. */
  readonly endTs: number;
  readonly text: string;
}

/** One line sent to the shell. */
export interface TtyLine {
  /** When its first unit began and when it was sent, epoch seconds. */
  readonly startTs: number;
  readonly sentTs: number;
  readonly text: string;
  /** Gaps between its keys, seconds; empty where it was pasted. */
  readonly keyGaps: readonly number[];
  /** Every unit of it is a key. */
  readonly isTyped: boolean;
}

/** Sorts inputs into units.
 * @param inputs - ascending
 * @param firstOutputTs - when the session first put something out, or null if it never did
 */
export function unitsOf(inputs: readonly TtyInput[], firstOutputTs: number | null): InputUnit[] {
  const units: InputUnit[] = [];
  const readyTs = firstOutputTs === null ? -Infinity : firstOutputTs + TYPE_AHEAD_SECS;
  for (const run of runsOf(inputs)) {
    const [first] = run;
    const last = run.at(-1);
    if (!first || !last) continue;
    const isSingles = run.every((input) => isKey(input.text));
    if (isSingles && units.length === 0 && first.ts <= readyTs) {
      units.push({ kind: "type_ahead", ts: first.ts, endTs: last.ts, text: textOf(run) });
    } else if (isSingles && run.length < PASTE_CHARS) {
      units.push(
        ...run.map((input): InputUnit => ({ kind: "key", ts: input.ts, endTs: input.ts, text: input.text })),
      );
    } else {
      addPaste(units, { kind: "paste", ts: first.ts, endTs: last.ts, text: textOf(run) });
    }
  }
  return units;
}

/** Cuts units into the lines that were sent. What was never sent is no line; neither is an empty one. */
export function linesOf(units: readonly InputUnit[]): TtyLine[] {
  const lines: TtyLine[] = [];
  let members: InputUnit[] = [];
  let text = "";
  for (const unit of units) {
    members.push(unit);
    const pieces = unit.text.replaceAll(/\r\n|\r\0/g, "\r").split(/[\r\n]/);
    for (const [index, piece] of pieces.entries()) {
      text += piece;
      if (index === pieces.length - 1) break;
      if (text.trim() !== "") lines.push(lineOf(members, text));
      text = "";
      // What follows the line end within one paste is the beginning of the next line.
      members = index === pieces.length - 2 && pieces.at(-1) === "" ? [] : [unit];
    }
  }
  return lines;
}

/** Gaps between neighbouring keys, seconds; a paste or type-ahead between them ends the row.
 * @param maxSecs - longer gaps are thinking and left out
 */
export function keyGapsOf(units: readonly InputUnit[], maxSecs: number): number[] {
  const gaps: number[] = [];
  for (const [index, unit] of units.entries()) {
    const before = units[index - 1];
    if (unit.kind !== "key" || before?.kind !== "key") continue;
    const gap = unit.ts - before.ts;
    if (gap <= maxSecs) gaps.push(gap);
  }
  return gaps;
}

/** Inputs that cannot have been separate acts: single keys at machine pace. All others stand alone. */
function runsOf(inputs: readonly TtyInput[]): TtyInput[][] {
  const runs: TtyInput[][] = [];
  let before: TtyInput | undefined;
  for (const input of inputs) {
    const run = runs.at(-1);
    const isNext =
      before && isKey(before.text) && isKey(input.text) && input.ts - before.ts <= MACHINE_GAP_SECS;
    if (run && isNext) run.push(input);
    else runs.push([input]);
    before = input;
  }
  return runs;
}

/** One key sends one character, an escape sequence, or a line end of two; two or three characters may be keys that the
 * network delivered together. A line end behind other characters at once is no key: nobody types a line in one packet. */
function isKey(text: string): boolean {
  if (text.length <= 1 || text.startsWith("\u001B") || /^\r[\n\0]$/.test(text)) return true;
  return text.length < PASTE_CHARS && !/[\r\n]/.test(text);
}

function addPaste(units: InputUnit[], paste: InputUnit): void {
  const before = units.at(-1);
  if (before?.kind !== "paste" || paste.ts - before.endTs > PASTE_JOIN_SECS) {
    units.push(paste);
    return;
  }
  units[units.length - 1] = { ...before, endTs: paste.endTs, text: before.text + paste.text };
}

function lineOf(members: readonly InputUnit[], text: string): TtyLine {
  const first = members[0];
  const last = members.at(-1);
  if (!first || !last) throw new Error("a line needs at least the unit that ended it");
  return {
    startTs: first.ts,
    sentTs: last.endTs,
    text,
    keyGaps: keyGapsOf(members, Infinity),
    isTyped: members.every((unit) => unit.kind === "key"),
  };
}

function textOf(run: readonly TtyInput[]): string {
  return run.map((input) => input.text).join("");
}
