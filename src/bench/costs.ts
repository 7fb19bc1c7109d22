/** What was counted, as money: list prices of the paid plan, included usage left out. Pure. */

/** List prices in US dollars per million. */
export const PRICES = {
  /** Every 64 KB written, read or deleted. */
  queueOperation: 0.4,
  d1RowWritten: 1,
  d1RowRead: 0.001,
  objectRowWritten: 1,
  objectRowRead: 0.001,
  objectRequest: 0.15,
} as const satisfies Record<string, number>;

/** Something that is billed by the piece. */
export type Billed = keyof typeof PRICES;

/** How much of each was used. */
export type Usage = Readonly<Record<Billed, number>>;

/** A message is written, read and deleted. */
export const OPERATIONS_PER_MESSAGE = 3;

/**
 * US dollars per million observations.
 * @param observations - how many the usage was for, above 0
 * @example costOf({ ...NOTHING, d1RowWritten: 10 }, 10).total // 1
 */
export function costOf(usage: Usage, observations: number): { total: number; lines: CostLine[] } {
  const lines = BILLED.map((billed) => {
    const perObservation = usage[billed] / observations;
    return { billed, perObservation, price: PRICES[billed], usd: perObservation * PRICES[billed] };
  });
  return { total: lines.reduce((sum, { usd }) => sum + usd, 0), lines };
}

/** One line of a bill. */
export interface CostLine {
  readonly billed: Billed;
  readonly perObservation: number;
  /** Dollars per million. */
  readonly price: number;
  /** Dollars per million observations. */
  readonly usd: number;
}

/** Everything that is billed, in the order in which bills name it. */
const BILLED = [
  "queueOperation",
  "d1RowWritten",
  "objectRowWritten",
  "objectRequest",
  "d1RowRead",
  "objectRowRead",
] as const satisfies Billed[];

const WORDS: Readonly<Record<Billed, string>> = {
  queueOperation: "queue operations",
  d1RowWritten: "D1 rows written",
  objectRowWritten: "object rows written",
  objectRequest: "object requests",
  d1RowRead: "D1 rows read",
  objectRowRead: "object rows read",
};

/** A bill as a sum, to be checked by hand. */
export function describeCost(usage: Usage, observations: number): string {
  const { lines, total } = costOf(usage, observations);
  const terms = lines
    .filter(({ usd }) => usd > 0)
    .map(({ billed, perObservation, price }) => `${round(perObservation)} ${WORDS[billed]} × $${price}`);
  return `${terms.join(" + ")} = $${total.toFixed(2)}`;
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}
