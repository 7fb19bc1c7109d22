/** Turns counted usage into US dollars: list prices of the paid plan, without the included usage. Pure. */
import { PRICES } from "./prices.ts";

/** The counted kinds of usage, in the order of a bill. All are priced per million. */
const BILLED = [
  "queueOperations",
  "d1RowsWritten",
  "objectRowsWritten",
  "objectRequests",
  "d1RowsRead",
  "objectRowsRead",
] as const satisfies (keyof typeof PRICES)[];

/** A kind of usage that is counted. */
type CountedUse = (typeof BILLED)[number];

/** Number of units used, by kind. */
export type Usage = Readonly<Record<CountedUse, number>>;

/**
 * US dollars per million observations.
 * @param observations - number of observations that caused the usage, above 0
 * @example costOf({ ...NOTHING, d1RowsWritten: 10 }, 10).total // 1
 */
export function costOf(usage: Usage, observations: number): { total: number; lines: CostLine[] } {
  const lines = BILLED.map((billed) => {
    const perObservation = usage[billed] / observations;
    const { usd: price } = PRICES[billed];
    return { billed, perObservation, price, usd: perObservation * price };
  });
  return { total: lines.reduce((sum, { usd }) => sum + usd, 0), lines };
}

/** One line of a bill. */
interface CostLine {
  readonly billed: CountedUse;
  readonly perObservation: number;
  /** Dollars per million. */
  readonly price: number;
  /** Dollars per million observations. */
  readonly usd: number;
}

/** The bill as a sum in one line, so that a reader can check it by hand. */
export function describeCost(usage: Usage, observations: number): string {
  const { lines, total } = costOf(usage, observations);
  const terms = lines
    .filter(({ usd }) => usd > 0)
    .map(
      ({ billed, perObservation, price }) => `${round(perObservation)} ${PRICES[billed].name} × $${price}`,
    );
  return `${terms.join(" + ")} = $${total.toFixed(2)}`;
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}
