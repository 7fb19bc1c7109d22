/** The tables of docs/scale.md as Markdown. */
import { PRICES } from "../../bench/prices.ts";
import { ASSUMED_INPUTS, BY_ARRIVAL, type Input, LIMITS, type Load, MEASURED } from "./inputs.ts";
import { type Plan, planFor } from "./model.ts";

/** Planned loads, observations per second. */
const RATES = [100, 5_000, 100_000] as const;
/** Observations per message: one, or a session. */
const SESSIONS = [1, 30] as const;
const RETENTION_DAYS = 30;
const RETENTIONS = [1, 7, 30, 90] as const;

/** The tables by the name of their markers. */
export function tables(): Readonly<Record<"needs" | "retention" | "money" | "inputs", string>> {
  return { needs: needs(), retention: retention(), money: money(), inputs: inputs() };
}

const loads: readonly Load[] = RATES.flatMap((observationsPerSec) =>
  SESSIONS.map((observationsPerMessage) => ({
    observationsPerSec,
    observationsPerMessage,
    retentionDays: RETENTION_DAYS,
  })),
);
const plans = loads.map(planFor);
const headings = loads.map(
  ({ observationsPerSec, observationsPerMessage }) =>
    `${number(observationsPerSec)}/s, ${observationsPerMessage}`,
);

const NEEDS: readonly (readonly [string, (plan: Plan) => string])[] = [
  ["messages/s", (plan) => number(plan.messagesPerSec)],
  ["inbound queues", (plan) => number(plan.queues)],
  ["consumers may be stopped, hours", (plan) => number(plan.outageHours)],
  ["events/s", (plan) => number(plan.outboundMessagesPerSec)],
  ["outbound queues", (plan) => number(plan.outboundQueues)],
  ["one batch, ms", (plan) => number(plan.batchMs)],
  ["D1 queries per batch", (plan) => number(plan.batchQueries)],
  ["consumers at a time, all queues", (plan) => number(plan.consumers)],
  ["D1 growth, GB/day", (plan) => number(plan.d1GigabytesPerDay)],
  ["one database lasts, days", (plan) => number(plan.daysPerDatabase)],
  ["D1 after 30 days, GB", (plan) => number(plan.d1Gigabytes)],
  ["in accounts of 1 TB", (plan) => number(plan.accountShare)],
  ["databases by size", (plan) => number(plan.databasesBySize)],
  ["databases by rate", (plan) => number(plan.databasesByRate)],
  ["Workers (deployments)", (plan) => number(plan.workers)],
  ["identities (objects), 30 days", (plan) => number(plan.objects)],
  ["object storage, GB", (plan) => number(plan.objectGigabytes)],
  ["hottest object, calls/s", (plan) => number(plan.hottestCallsPerSec)],
  ["1 % of all traffic fills an object in, days", (plan) => number(plan.hotIdentityDays)],
  ["**US dollars a month**", (plan) => `**${number(plan.bill.usd)}**`],
  ["per million observations", (plan) => plan.bill.usdPerMillion.toFixed(2)],
];

function needs(): string {
  return table(
    ["observations/s, per message", ...headings],
    NEEDS.map(([name, textOf]) => [name, ...plans.map(textOf)]),
  );
}

function retention(): string {
  const rows = RETENTIONS.map((retentionDays) => [
    `${retentionDays}`,
    ...RATES.map((observationsPerSec) => {
      const plan = planFor({ observationsPerSec, observationsPerMessage: 30, retentionDays });
      return `${number(plan.d1Gigabytes)} GB, ${number(plan.databases)}`;
    }),
  ]);
  return table(["days kept", ...RATES.map((rate) => `${number(rate)}/s: D1, databases`)], rows);
}

function money(): string {
  const rows = plans[0]?.bill.lines.map(({ billed }, i) => [
    PRICES[billed].name,
    ...plans.map(({ bill }) => number(bill.lines[i]?.usd ?? 0)),
  ]);
  return table(["US dollars a month", ...headings], rows ?? []);
}

function inputs(): string {
  const byArrival = Object.entries(BY_ARRIVAL).flatMap(([name, { single, session }]) => [
    [`${name}, single`, single],
    [`${name}, session`, session],
  ]);
  const rows = (
    [
      ["measured", Object.fromEntries(byArrival)],
      ["measured", MEASURED],
      ["assumed", ASSUMED_INPUTS],
      ["limit", LIMITS],
    ] as const
  ).flatMap(([kind, group]) =>
    Object.entries<Input>(group).map(([name, { value, unit, from }]) => [
      `\`${name}\``,
      kind,
      value.toLocaleString("en-US", { maximumSignificantDigits: 4 }),
      unit,
      from,
    ]),
  );
  return table(["name", "", "value", "unit", "from"], rows);
}

/** Formats with at most three significant digits, because the inputs are not more precise. */
function number(value: number): string {
  const rounded = value >= 100 ? Math.round(value) : Number(value.toPrecision(2));
  return rounded.toLocaleString("en-US", { maximumSignificantDigits: value >= 100 ? 3 : 2 });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function line(texts: readonly string[]): string {
  return `| ${texts.join(" | ")} |`;
}
