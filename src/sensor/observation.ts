/**
 * The observation as the sensors make it, in its wire form (contract §2), and the message of one session. Ids and
 * evidence pointers are derived from the log alone, so replaying it makes the same bytes.
 */
import { v5 } from "uuid";
import { attackerUuidOfAddress } from "../core/index.ts";

/** Namespace of the ids of observations made here. */
const OBSERVATION_NAMESPACE = "5f3a9c1e-8b72-5d46-9e0a-1c7d4b2f6a83";

/** A BEHAVE observation envelope plus `attacker_uuid`, as it travels. Times in epoch seconds. */
export interface ObservationPayload {
  readonly v: 1;
  readonly id: string;
  readonly attacker_uuid: string;
  readonly primitive: string;
  readonly value: string | readonly string[];
  readonly confidence: number;
  readonly window: { readonly start_ts: number; readonly end_ts: number };
  readonly source: string;
  readonly evidence_ref: string;
  readonly ts: number;
}

/** Everything observed in one session: what becomes one queue message, and what is known of the attacker. */
export interface SessionMessage {
  readonly attackerUuid: string;
  /** The source address as the log writes it. */
  readonly address: string;
  /** First and last time of the session, epoch seconds. */
  readonly startTs: number;
  readonly endTs: number;
  /** In the order of `deriving`; never empty. */
  readonly events: readonly ObservationPayload[];
}

/** One thing found in a session, before it becomes an observation. */
export interface Finding {
  readonly primitive: string;
  readonly value: string | readonly string[];
  /** 0–1. */
  readonly confidence: number;
  /** Which part of the session it was read from: the fragment of the evidence pointer, e.g. `commands`, `payload-02`. */
  readonly part: string;
}

/** The session findings were made in. */
export interface SessionKey {
  /** Name of the sensor: `[A-Za-z0-9._:-]`, at most 128. */
  readonly sensor: string;
  /** The honeypot's session id, of the same letters. */
  readonly session: string;
  readonly address: string;
  readonly startTs: number;
  readonly endTs: number;
}

/** Turns the findings of a session into its message, or null when there are none.
 * @param source - which sensor looked, e.g. `sensor.cowrie`
 */
export function messageOf(
  key: SessionKey,
  source: string,
  findings: readonly Finding[],
): SessionMessage | null {
  if (findings.length === 0) return null;
  const attackerUuid = attackerUuidOfAddress(key.address);
  const events = findings.map((finding): ObservationPayload => {
    const evidenceRef = `cowrie:${key.sensor}/${key.session}#${finding.part}`;
    return {
      v: 1,
      id: v5(`${source}\n${attackerUuid}\n${finding.primitive}\n${evidenceRef}`, OBSERVATION_NAMESPACE),
      attacker_uuid: attackerUuid,
      primitive: finding.primitive,
      value: finding.value,
      confidence: finding.confidence,
      window: { start_ts: key.startTs, end_ts: key.endTs },
      source,
      evidence_ref: evidenceRef,
      ts: key.endTs,
    };
  });
  return { attackerUuid, address: key.address, startTs: key.startTs, endTs: key.endTs, events };
}

const KEY_LETTERS = /^[A-Za-z0-9._:-]{1,128}$/;

/** Whether a text may stand in an evidence pointer as a session's or a sensor's name. */
export function isKeyName(text: string): boolean {
  return KEY_LETTERS.test(text);
}
