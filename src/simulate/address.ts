/**
 * Addresses of simulated attackers. They come from the ranges reserved for documentation (RFC 5737, RFC 3849), so they
 * never equal a real address.
 */

/** 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24. */
const IPV4_NETWORKS = ["192.0.2", "198.51.100", "203.0.113"] as const;
/** Hosts .1 to .254. */
const HOSTS_PER_NETWORK = 254;

/**
 * The address of one simulated attacker. Each (seed, scenario, round) has its own. The first attacker of a scenario has an
 * IPv4 address while there are free ones (about 80 seeds); all others have an IPv6 address in 2001:db8::/32.
 * @param seed - whole number, 0 to 2^32 − 1
 * @param scenarioIndex - index in the catalogue, from 0
 * @param scenarioCount - length of the catalogue
 * @param round - number of attackers with the same scenario before this one, 0 to 65,534
 */
export function simulatedAddress(
  seed: number,
  scenarioIndex: number,
  scenarioCount: number,
  round: number,
): string {
  const slot = seed * scenarioCount + scenarioIndex;
  const network = IPV4_NETWORKS[Math.floor(slot / HOSTS_PER_NETWORK)];
  if (round === 0 && network !== undefined) return `${network}.${(slot % HOSTS_PER_NETWORK) + 1}`;
  const [high, low] = [Math.floor(seed / 0x1_0000), seed % 0x1_0000];
  const groups = [high, low, scenarioIndex + 1].map((group) => group.toString(16));
  return `2001:db8:${groups.join(":")}::${(round + 1).toString(16)}`;
}
