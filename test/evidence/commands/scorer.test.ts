/** The score of commands: the formula of the page, written a second time, and what it must never do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shareOfUses, wordKeyOf, wordsOfBag } from "../../../src/evidence/commands/index.ts";
import { WordCounts } from "../../../src/evidence/commands/scorer.ts";
import { COMMANDS, commandScorer } from "../../../src/evidence/index.ts";

/** The formula over plain lists: every learnt session, and the session to score. Without pushing out. */
function scoreOf(
  learnt: readonly (readonly string[])[],
  words: readonly string[],
  p: (word: string) => number,
) {
  const usesIn = (list: readonly string[], word: string) => list.filter((each) => each === word).length;
  const c = (word: string) => learnt.reduce((sum, list) => sum + Math.sqrt(usesIn(list, word)), 0);
  const n = [...new Set(learnt.flat())].reduce((sum, word) => sum + c(word), 0);
  let above = 0;
  let below = 0;
  for (const word of new Set(words)) {
    const root = Math.sqrt(usesIn(words, word));
    above += root * (Math.log((c(word) + 0.01) / (n + 8.5)) - Math.log(p(word)));
    below += root;
  }
  return -above / below;
}

const share = (word: string) => ({ a: 0.5, b: 0.2, c: 0.01 })[word] ?? 1 / 900;
const session = fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f", "a", "a"), { minLength: 1 });

describe("[evidence: commands] the score", () => {
  it("is the mean of −(ln own − ln b) over the distinct words, weighted by √k", () => {
    fc.assert(
      fc.property(fc.array(session, { maxLength: 20 }), session, (learnt, words) => {
        const scorer = commandScorer({ p: share });
        for (const each of learnt) scorer.learn(each);
        expect(scorer.score(words)).toBeCloseTo(scoreOf(learnt, words, share), 10);
      }),
    );
  });

  it("of an untaught scorer compares with 0.01 / 8.5", () => {
    const scorer = commandScorer({ p: () => 1 / 850 });
    expect(scorer.score(["x", "y", "x"])).toBeCloseTo(0, 12);
    expect(commandScorer({ p: () => 0.5 }).score(["x"])).toBeCloseTo(Math.log(0.5 * 850), 12);
  });

  it("a word used k times adds √k to its counter and to n, per session", () => {
    const counts = new WordCounts();
    counts.learn(["a", "b", "a", "a", "a"]);
    counts.learn(["a"]);
    expect(counts.counts).toEqual([
      { key: wordKeyOf("a"), count: 3 },
      { key: wordKeyOf("b"), count: 1 },
    ]);
    expect(counts.total).toBe(4);
  });

  it("a new word pushes out the smallest counter, of equal ones the oldest", () => {
    const counts = new WordCounts();
    const words = Array.from({ length: COMMANDS.words }, (_, i) => `w${i}`);
    counts.learn(words);
    counts.learn(["w0", "w2"]);
    counts.learn(["new"]);
    const keys = new Set(counts.counts.map(({ key }) => key));
    expect(keys.size).toBe(COMMANDS.words);
    expect(["w0", "w1", "w2", "w3", "new"].map((word) => keys.has(wordKeyOf(word)))).toEqual([
      true,
      false,
      true,
      true,
      true,
    ]);
    expect(counts.total).toBe(COMMANDS.words + 3);
    counts.learn(["newer"]);
    expect(counts.counts.some(({ key }) => key === wordKeyOf("w3"))).toBe(false);
    expect(counts.counts.at(-1)).toEqual({ key: wordKeyOf("newer"), count: 1 });
  });

  it("what is unknown here and common elsewhere is more foreign than what is unknown everywhere", () => {
    const scorer = commandScorer({ p: share });
    for (let i = 0; i < 20; i++) scorer.learn(["b", "c"]);
    const scores = [["c"], ["b"], ["rare"], ["a"]].map((words) => scorer.score(words));
    expect(scores).toEqual(scores.toSorted((x, y) => x - y));
    expect(new Set(scores).size).toBe(4);
  });

  it.each([[0], [-1], [NaN], [Infinity], [-Infinity], [2], [Number.MIN_VALUE]])(
    "is finite with a share of %d",
    (wrong) => {
      const scorer = commandScorer({ p: () => wrong });
      scorer.learn(["a", "b"]);
      for (const words of [["a"], ["x"], []]) expect(Number.isFinite(scorer.score(words))).toBe(true);
    },
  );

  it("of no words is 0, and learning none changes nothing", () => {
    const scorer = commandScorer({ p: share });
    expect(scorer.score([])).toBe(0);
    scorer.learn(["a"]);
    const before = scorer.score(["a"]);
    scorer.learn([]);
    expect(scorer.score(["a"])).toBe(before);
  });

  it("takes words of any text: names of properties, lone surrogates, long ones", () => {
    const words = ["__proto__", "constructor", "toString", "\ud800", "x".repeat(4_000), " "];
    const scorer = commandScorer({ p: share });
    scorer.learn(words);
    for (const word of words) {
      expect(scorer.score([word])).toBeLessThan(scorer.score(["another"]));
    }
  });

  it("does not depend on whether a word is a hash or a text", () => {
    expect(wordKeyOf("0123456789abcdef")).toBe("0123456789abcdef");
    for (const word of ["0123456789ABCDEF", "0123456789abcde", "uname", ""]) {
      expect(wordKeyOf(word)).toMatch(/^[0-9a-f]{16}$/);
      expect(wordKeyOf(word)).not.toBe(word);
    }
  });
});

describe("[evidence: commands] the words of a bag", () => {
  it.each([
    ['["a","b","a"]', ["a", "b", "a"]],
    ["[]", []],
    ["[1]", []],
    ['["a",1]', []],
    ['"a"', []],
    ['{"a":1}', []],
    ["5", []],
  ])("%s: %j", (value, words) => {
    expect(wordsOfBag(value)).toEqual(words);
  });
});

describe("[evidence: commands] the share of a word over all identities", () => {
  it("is (uses + ½) / (all + 450)", () => {
    expect(shareOfUses(0, 0)).toBe(1 / 900);
    expect(shareOfUses(10, 50)).toBe(10.5 / 500);
    expect(shareOfUses(1e9, 1e9)).toBeLessThan(1);
  });
});
