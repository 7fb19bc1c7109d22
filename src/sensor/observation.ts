/**
 * Makes observations in their wire form (contract §2), and the message of one session. Ids and evidence pointers depend on
 * the log alone, so a replay of the log gives the same bytes.
 */
import { v5 } from "uuid";
import { attackerUuidOfAddress } from "../core/index.ts";

/** Namespace of the ids of these observations. */
const OBSERVATION_NAMESPACE = "5f3a9c1e-8b72-5d46-9e0a-1c7d4b2f6a83";

/** A BEHAVE observation envelope with `attacker_uuid`, in its wire form. Times in epoch seconds. */
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

/** The observations of one session, which form one queue message, and the facts about the attacker. */
export interface SessionMessage {
  readonly attackerUuid: string;
  /** The source address, as in the log. */
  readonly address: string;
  /** First and last time of the session, epoch seconds. */
  readonly startTs: number;
  readonly endTs: number;
  /** In the order of the findings; never empty. */
  readonly events: readonly ObservationPayload[];
}

/** One result of a session, from which an observation is made. */
export interface Finding {
  readonly primitive: string;
  readonly value: string | readonly string[];
  /** 0–1. */
  readonly confidence: number;
  /** The part of the session it was derived from: the fragment of the evidence pointer, e.g. `commands`, `payload-00002`. */
  readonly part: string;
}

/** The session that findings belong to. */
interface SessionKey {
  /** Name of the sensor: `[A-Za-z0-9._:-]`, at most 128. */
  readonly sensor: string;
  /** The honeypot's session id, with the same characters. */
  readonly session: string;
  readonly address: string;
  readonly startTs: number;
  readonly endTs: number;
}

/** Makes the message of a session from its findings; null if there are none.
 * @param source - the `source` of the observations, e.g. `sensor.cowrie`
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

/** Whether a text may be the name of a session or sensor in an evidence pointer. */
export function isKeyName(text: string): boolean {
  return KEY_LETTERS.test(text);
}
