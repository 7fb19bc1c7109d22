/**
 * Groups the raw inputs of a terminal into keys, pastes, and text typed before the shell was ready, and those into lines.
 * `tty-findings.ts` classifies them.
 */
import { MACHINE_GAP_SECS, PASTE_CHARS, PASTE_JOIN_SECS, TYPE_AHEAD_SECS } from "./thresholds.ts";

/** One input of the recording. */
export interface TtyInput {
  readonly ts: number;
  readonly text: string;
}

/** One act of the user. `type_ahead`: keys whose times are unknown, because the user typed them before the shell was ready. */
export interface InputUnit {
  readonly kind: "key" | "paste" | "type_ahead";
  readonly ts: number;
  /** Time of its last character, epoch seconds. */
  readonly endTs: number;
  readonly text: string;
}

/** One line sent to the shell. */
export interface TtyLine {
  /** Time of its first unit, and time at which it was sent, epoch seconds. */
  readonly startTs: number;
  readonly sentTs: number;
  readonly text: string;
  /** Gaps between its keys, seconds; empty if it was pasted. */
  readonly keyGaps: readonly number[];
  /** Whether all its units are keys. */
  readonly isTyped: boolean;
}

/** Groups inputs into units.
 * @param inputs - ascending
 * @param firstOutputTs - time of the first output of the session, or null if there is none
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

/** Cuts units into the lines that were sent. Text that was not sent is left out, and so are empty lines. */
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
      // Text after the line end within the same paste belongs to the next line.
      members = index === pieces.length - 2 && pieces.at(-1) === "" ? [] : [unit];
    }
  }
  return lines;
}

/** Gaps between consecutive keys, seconds. Keys with a paste or type-ahead between them have no gap.
 * @param maxSecs - longer gaps are left out, because the user was thinking
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

/** Groups single keys that arrived too fast to be separate acts. Every other input is a group of its own. */
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

/** Whether an input may be a key: one character, an escape sequence, or a line end of two characters. Two or three characters
 * may be keys that the network delivered together. Text with a line end in one packet is not typed, so it is no key. */
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
