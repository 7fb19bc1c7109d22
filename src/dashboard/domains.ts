/** The domains of primitives, in the order in which pages list them. */

/** First segments of primitives; primitives of other domains come after these. */
export const DOMAINS = [
  "motor",
  "cognitive",
  "temporal",
  "operational",
  "environmental",
  "cultural",
  "emotional_valence",
  "toolchain",
] as const;

/** A domain's primitives. */
export interface DomainGroup<T> {
  readonly domain: string;
  readonly members: readonly T[];
}

/** Groups by domain, in the fixed order; the rest by name, after. Within a domain by primitive. */
export function byDomain<T extends { readonly primitive: string }>(members: readonly T[]): DomainGroup<T>[] {
  const groups = Map.groupBy(members, ({ primitive }) => domainOf(primitive));
  return [...groups]
    .map(([domain, found]) => ({
      domain,
      members: found.toSorted((a, b) => (a.primitive < b.primitive ? -1 : 1)),
    }))
    .toSorted((a, b) => rank(a.domain) - rank(b.domain) || (a.domain < b.domain ? -1 : 1));
}

/** @example domainOf("motor.shell_mastery.tab_completion") // "motor" */
export function domainOf(primitive: string): string {
  return primitive.split(".")[0] ?? primitive;
}

/** A primitive within its domain. @example nameInDomain("motor.input_modality") // "input modality" */
export function nameInDomain(primitive: string): string {
  return primitive
    .slice(domainOf(primitive).length + 1)
    .replaceAll("_", " ")
    .replaceAll(".", " › ");
}

/** Units that names of primitives end in, and how they are written. */
const UNITS: Readonly<Record<string, string>> = {
  ms: "ms",
  secs: "s",
  pct: "%",
  bytes: "bytes",
  hz: "Hz",
  wpm: "words per minute",
};

/** What a primitive measures within a sentence, and the unit of its numbers. */
export interface Quantity {
  readonly name: string;
  /** Empty if the name of the primitive has none. */
  readonly unit: string;
}

/** @example quantityOf("toolchain.c2.beacon_interval_ms") // { name: "beacon interval", unit: "ms" } */
export function quantityOf(primitive: string): Quantity {
  const words = (primitive.split(".").at(-1) ?? primitive).split("_");
  const unit = words.length > 1 ? UNITS[words.at(-1) ?? ""] : undefined;
  return { name: (unit === undefined ? words : words.slice(0, -1)).join(" "), unit: unit ?? "" };
}

/** @example domainWords("emotional_valence") // "emotional valence" */
export function domainWords(domain: string): string {
  return domain.replaceAll("_", " ");
}

function rank(domain: string): number {
  const place = DOMAINS.findIndex((known) => known === domain);
  return place === -1 ? DOMAINS.length : place;
}
