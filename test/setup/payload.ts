/** Payloads as the contract defines them; a test sets only the fields that it is about. */

/** A valid observation with a new key; the test may override any field. */
export function payload(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const ts = Number(overrides["ts"] ?? 1_714_000_000);
  return {
    v: 1,
    id: crypto.randomUUID(),
    attacker_uuid: crypto.randomUUID(),
    primitive: "motor.input_modality",
    value: "typed",
    confidence: 0.9,
    window: { start_ts: ts - 60, end_ts: ts },
    source: "test",
    evidence_ref: `shard:test#${crypto.randomUUID()}`,
    ts,
    ...overrides,
  };
}

/** Observations of one attacker and primitive, one value a minute. */
export function series(
  attackerUuid: string,
  primitive: string,
  values: readonly unknown[],
  startTs = 1_714_000_000,
): Record<string, unknown>[] {
  return values.map((value, i) =>
    payload({ attacker_uuid: attackerUuid, primitive, value, ts: startTs + i * 60 }),
  );
}
