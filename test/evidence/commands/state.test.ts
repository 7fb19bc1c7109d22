/** The state of an identity's commands: which sessions are scored and learnt, and its bytes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCommands, writeCommands } from "../../../src/evidence/commands/state-codec.ts";
import { commandScorer, CommandsState, wordSecretStamp } from "../../../src/evidence/index.ts";

const STAMP = wordSecretStamp("secret");
const share = () => 1 / 900;

/** Takes sessions; returns what each said. */
function taken(state: CommandsState, sessions: readonly (readonly string[])[]) {
  return sessions.map((words) => state.take(words, share));
}

const routine = (count: number) =>
  Array.from({ length: count }, (_, i) => ["uname", "cat", i % 3 === 0 ? "free" : "ps"]);
const foreign = ["nmap", "hydra", "masscan"];

describe("[evidence: commands] sessions in order of arrival", () => {
  it("1–5 have no score; the first score has p = 1", () => {
    const state = CommandsState.empty(STAMP);
    const said = taken(state, routine(7));
    expect(said.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => ({ score: null, p: null })));
    expect(said[5]?.p).toBe(1);
    expect([1 / 2, 1]).toContain(said[6]?.p);
    expect(state.sessions).toBe(7);
    expect(state.last).toEqual(said[6]);
  });

  it("are scored as by a scorer that has learnt the same", () => {
    const state = CommandsState.empty(STAMP);
    const scorer = commandScorer({ p: share });
    for (const [i, words] of routine(50).entries()) {
      const { score } = state.take(words, share);
      expect(score).toBe(i < 5 ? null : scorer.score(words));
      scorer.learn(words);
    }
  });

  it("1–50 are learnt, however foreign; later ones only with p above 0.05", () => {
    const early = CommandsState.empty(STAMP);
    taken(early, [...routine(48), foreign]);
    const learnt = early.take(foreign, share);
    expect(learnt.score).toBeLessThan(stateOf(routine(48)).take(foreign, share).score ?? 0);

    const late = stateOf(routine(60));
    const first = late.take(foreign, share);
    expect(first.p).toBeLessThanOrEqual(0.05);
    // The same again: nothing was learnt.
    expect(late.take(foreign, share)).toEqual(first);
    expect(late.sessions).toBe(62);
    expect(late.take(routine(1)[0] ?? [], share).p).toBeGreaterThan(0.05);
  });

  it.each([
    [2, 3 / 60, 59],
    [3, 4 / 60, 60],
  ])("of 59 learnt scores %d are as foreign: p = %d, and %d are kept", (asForeign, p, kept) => {
    const scores = [...Array<number>(59 - asForeign).fill(-100), ...Array<number>(asForeign).fill(100)];
    const data = { stamp: STAMP, counts: [], total: 0, scores, sessions: 100, last: { score: 0, p: 1 } };
    const state = CommandsState.read(writeCommands(data), STAMP);
    expect(state.take(foreign, share).p).toBe(p);
    expect(readCommands(state.write())?.scores).toHaveLength(kept);
  });

  it("p is (1 + those at least as foreign) / (1 + all) among the last 80 learnt scores", () => {
    const state = CommandsState.empty(STAMP);
    const scores: number[] = [];
    for (const [i, words] of routine(300).entries()) {
      const { score, p } = state.take(words, share);
      if (score === null || p === null) continue;
      const among = scores.slice(-80);
      expect(p).toBe((1 + among.filter((each) => each >= score).length) / (1 + among.length));
      if (i < 50 || p > 0.05) scores.push(score);
    }
    expect(scores.length).toBeGreaterThan(100);
  });

  it("an empty bag is no session", () => {
    const state = stateOf(routine(20));
    const before = state.write();
    expect(state.take([], share)).toEqual({ score: null, p: null });
    expect(state.write()).toEqual(before);
  });
});

function stateOf(sessions: readonly (readonly string[])[]): CommandsState {
  const state = CommandsState.empty(STAMP);
  taken(state, sessions);
  return state;
}

describe("[evidence: commands] the bytes of a state", () => {
  const word = fc.oneof(
    fc.constantFrom("a", "b", "c"),
    fc.stringMatching(/^[0-9a-f]{16}$/),
    fc.string({ maxLength: 40 }),
  );
  const sessions = fc.array(fc.array(word, { maxLength: 60 }), { maxLength: 70 });

  it("read at any point they go on bit for bit alike, in at most 3 KB", () => {
    fc.assert(
      fc.property(sessions, sessions, (before, after) => {
        const state = stateOf(before);
        const bytes = state.write();
        expect(bytes.length).toBeLessThanOrEqual(3_000);
        const read = CommandsState.read(bytes, STAMP);
        expect([read.sessions, read.last]).toEqual([state.sessions, state.last]);
        expect(read.write()).toEqual(bytes);
        expect(taken(read, after)).toEqual(taken(state, after));
        expect(read.write()).toEqual(state.write());
      }),
      { numRuns: 60 },
    );
  });

  it("are 2,728 with all counters and scores", () => {
    const state = CommandsState.empty(STAMP);
    const words = Array.from({ length: 128 }, (_, i) => `w${i}`);
    for (let i = 0; i < 300; i++) state.take(words, share);
    expect(state.write().length).toBe(2_728);
    for (let i = 0; i < 300; i++) state.take([...words, `x${i}`], share);
    expect(state.write().length).toBe(2_728);
  });

  it("are fresh: later sessions leave them as they are", () => {
    const state = stateOf(routine(10));
    const bytes = state.write();
    const copy = bytes.slice();
    taken(state, routine(10));
    expect(bytes).toEqual(copy);
  });

  it("may lie anywhere in a larger buffer", () => {
    const bytes = stateOf(routine(10)).write();
    const buffer = new Uint8Array(bytes.length + 5);
    buffer.set(bytes, 3);
    expect(CommandsState.read(buffer.subarray(3, 3 + bytes.length), STAMP).write()).toEqual(bytes);
  });

  it("of another secret, of another version and none give an empty state", () => {
    const bytes = stateOf(routine(10)).write();
    const empty = CommandsState.empty(STAMP).write();
    const other = wordSecretStamp("another");
    expect(other).toHaveLength(8);
    expect(CommandsState.read(bytes, other).write()).toEqual(CommandsState.empty(other).write());
    const later = bytes.slice();
    later[0] = 2;
    expect(CommandsState.read(later, STAMP).write()).toEqual(empty);
    expect(CommandsState.read(null, STAMP).write()).toEqual(empty);
    expect(CommandsState.read(new Uint8Array(), STAMP).write()).toEqual(empty);
  });

  it("that are cut throw", () => {
    const bytes = stateOf(routine(10)).write();
    expect(() => CommandsState.read(bytes.slice(0, -1), STAMP)).toThrow(RangeError);
    expect(() => CommandsState.read(bytes.slice(0, 3), STAMP)).toThrow(RangeError);
  });
});
