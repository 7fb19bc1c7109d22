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
/** Sessions of an identity after which it is tested: of a new identity, and of one that is known for a while. */
const LEARNT = [60, 150] as const;
const MOST_LEARNT = 150;
/** Sessions of each sort that are tested. */
const TESTED = 20;
/** p up to which a session counts as foreign. */
const FOREIGN_P = COMMANDS.learntAbove;

/** Steps of progress. */
export const COMMANDS_STEPS = LEARNT.length;

/** An identity: its words and how often it uses them. */
interface Vocabulary {
  readonly words: readonly string[];
  readonly weights: readonly number[];
}

/** What an identity did, and what it is tested with. */
interface Identity {
  readonly learnt: readonly (readonly string[])[];
  readonly own: readonly (readonly string[])[];
  readonly foreign: readonly (readonly string[])[];
}

/** Evaluates them. */
export function commandsPart(context: Context): Part {
  const count = context.sizes.commandIdentities;
  const identities = identitiesOf(context.seed, count);
  const p = shareOfWord(identities);
  return {
    title: "Commands",
    how: `${count} identities, each with ${OWN_WORDS} of ${POOL} words, then ${TESTED} sessions of its own and ${TESTED} of others; p is the share of learnt sessions that are as foreign`,
    figures: LEARNT.flatMap((learnt) => {
      const found = { own: 0, foreign: 0 };
      for (const identity of identities) {
        const scorer = context.evidence.commandScorer({ p });
        const isForeign = learnerOf(scorer, identity.learnt.slice(0, learnt));
        found.own += identity.own.filter(isForeign).length;
        found.foreign += identity.foreign.filter(isForeign).length;
      }
      context.onStep(`${learnt} sessions`);
      return (["own", "foreign"] as const).map((sort) => ({
        name: `commands_${sort}_${learnt}`,
        what: `${sort} sessions with p ≤ ${FOREIGN_P}, after ${learnt} sessions`,
        unit: "share" as const,
        never: shareOf(0, count * TESTED),
        states: null,
        evidence: shareOf(found[sort], count * TESTED),
        bar: null,
      }));
    }),
    details: null,
    skipped: null,
  };
}

function identitiesOf(seed: number, count: number): Identity[] {
  const randoms = Array.from({ length: count }, (_, i) => randomOf(seed, [RANDOM.commands, i]));
  const vocabularies = randoms.map(vocabularyOf);
  return randoms.map((random, i) => {
    const sessions = (length: number, whose: () => number) =>
      Array.from({ length }, () => sessionOf(random, at(vocabularies, whose())));
    return {
      learnt: sessions(MOST_LEARNT, () => i),
      own: sessions(TESTED, () => i),
      foreign: sessions(TESTED, () => (i + 1 + random.integer(0, count - 2)) % count),
    };
  });
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
function shareOfWord(identities: readonly Identity[]): (word: string) => number {
  const uses = new Map<string, number>();
  let all = 0;
  for (const word of identities.flatMap(({ learnt }) => learnt).flat()) {
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
