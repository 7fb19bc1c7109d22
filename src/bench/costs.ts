/** What was counted, as money: list prices of the paid plan, included usage left out. Pure. */
import { PRICES } from "./prices.ts";

/** Everything that is counted, in the order in which bills name it. All are priced by the million. */
const BILLED = [
  "queueOperations",
  "d1RowsWritten",
  "objectRowsWritten",
  "objectRequests",
  "d1RowsRead",
  "objectRowsRead",
] as const satisfies (keyof typeof PRICES)[];

/** Something that is billed by the piece. */
export type Billed = (typeof BILLED)[number];

/** How much of each was used. */
export type Usage = Readonly<Record<Billed, number>>;

/** A message is written, read and deleted. */
export const OPERATIONS_PER_MESSAGE = 3;

/**
 * US dollars per million observations.
 * @param observations - how many the usage was for, above 0
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
export interface CostLine {
  readonly billed: Billed;
  readonly perObservation: number;
  /** Dollars per million. */
  readonly price: number;
  /** Dollars per million observations. */
  readonly usd: number;
}

/** A bill as a sum, to be checked by hand. */
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
