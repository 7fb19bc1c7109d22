/** Commands: how often a session is foreign (p ≤ 0.05), if it is the identity's own and if it is another one's. */
import { COMMANDS } from "../../../evidence/index.ts";
import { type Context, RANDOM } from "../context.ts";
import type { Scorer } from "../contenders.ts";
import { logNormal, normal, randomOf, type Random, weighted } from "../draws.ts";
import type { Part } from "../figures.ts";
import { shareOf } from "../statistics.ts";

/** Words that all identities choose from, as often as the law of Zipf says. */
const POOL = 400;
/** Words that one identity uses. */
const OWN_WORDS = 40;
/** Standard deviation of the logarithm of how much an identity likes a word. */
const LIKING_SIGMA = 1;
/** Words of a session: median, standard deviation of the logarithm, and limits. */
const SESSION_WORDS = { median: 8, sigma: 0.6, least: 2, most: 60 };
/** Sessions that an identity learns, and those of each sort that are tested after them. */
const LEARNT = 60;
const TESTED = 20;
/** p up to which a session counts as foreign. */
const FOREIGN_P = COMMANDS.learntAbove;

/** Steps of progress. */
export const COMMANDS_STEPS = 1;

/** An identity: its words and how often it uses them. */
interface Vocabulary {
  readonly words: readonly string[];
  readonly weights: readonly number[];
}

/** Evaluates them. */
export function commandsPart(context: Context): Part {
  const count = context.sizes.commandIdentities;
  const randoms = Array.from({ length: count }, (_, i) => randomOf(context.seed, [RANDOM.commands, i]));
  const vocabularies = randoms.map(vocabularyOf);
  const learnt = randoms.map((random, i) =>
    Array.from({ length: LEARNT }, () => sessionOf(random, at(vocabularies, i))),
  );
  const p = shareOfWord(learnt);
  const found = { own: 0, foreign: 0 };
  for (const [i, random] of randoms.entries()) {
    const isForeign = learnerOf(context.evidence.commandScorer({ p }), at(learnt, i));
    for (let each = 0; each < TESTED; each++) {
      if (isForeign(sessionOf(random, at(vocabularies, i)))) found.own++;
      const other = at(vocabularies, (i + 1 + random.integer(0, count - 2)) % count);
      if (isForeign(sessionOf(random, other))) found.foreign++;
    }
  }
  context.onStep("commands");
  const all = count * TESTED;
  const figure = (name: string, what: string, foreign: number) => ({
    name,
    what,
    unit: "share" as const,
    never: shareOf(0, all),
    states: null,
    evidence: shareOf(foreign, all),
    bar: null,
  });
  return {
    title: "Commands",
    how: `${count} identities, each with ${OWN_WORDS} of ${POOL} words, ${LEARNT} learnt sessions, then ${TESTED} of its own and ${TESTED} of others`,
    figures: [
      figure("commands_own", `own sessions with p ≤ ${FOREIGN_P}`, found.own),
      figure("commands_foreign", `foreign sessions with p ≤ ${FOREIGN_P}`, found.foreign),
    ],
    details: null,
    skipped: null,
  };
}

/** Draws the words of an identity, common ones rather than rare ones. */
function vocabularyOf(random: Random): Vocabulary {
  const rest = Array.from({ length: POOL }, (_, rank) => ({ word: `word-${rank}`, weight: 1 / (rank + 1) }));
  const chosen = Array.from({ length: OWN_WORDS }, () => {
    const index = weighted(
      random,
      rest.map(({ weight }) => weight),
    );
    return at(rest.splice(index, 1), 0);
  });
  return {
    words: chosen.map(({ word }) => word),
    weights: chosen.map(({ weight }) => weight * Math.exp(normal(random, 0, LIKING_SIGMA))),
  };
}

function sessionOf(random: Random, { words, weights }: Vocabulary): string[] {
  const { median, sigma, least, most } = SESSION_WORDS;
  const length = Math.min(most, Math.max(least, Math.round(logNormal(random, median, sigma))));
  return Array.from({ length }, () => at(words, weighted(random, weights)));
}

/** The share of a word over all identities. */
function shareOfWord(sessions: readonly (readonly string[][])[]): (word: string) => number {
  const uses = new Map<string, number>();
  let all = 0;
  for (const word of sessions.flat(2)) {
    uses.set(word, (uses.get(word) ?? 0) + 1);
    all++;
  }
  return (word) => ((uses.get(word) ?? 0) + COMMANDS.usePrior) / (all + COMMANDS.allUsesPrior);
}

/**
 * Lets a scorer learn sessions by the rules that hold in operation.
 * @returns whether a further session is foreign; it is not learnt
 */
function learnerOf(
  scorer: Scorer,
  sessions: readonly (readonly string[])[],
): (words: readonly string[]) => boolean {
  const scores: number[] = [];
  const pOf = (score: number) => {
    const last = scores.slice(-COMMANDS.scores);
    return (1 + last.filter((each) => each >= score).length) / (1 + last.length);
  };
  for (const [i, words] of sessions.entries()) {
    const score = i < COMMANDS.unscored ? null : scorer.score(words);
    if (i >= COMMANDS.alwaysLearnt && score !== null && pOf(score) <= COMMANDS.learntAbove) continue;
    scorer.learn(words);
    if (score !== null) scores.push(score);
  }
  return (words) => pOf(scorer.score(words)) <= FOREIGN_P;
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`there is no element ${index} of ${values.length}`);
  return value;
}
