/**
 * Scenarios with enough sessions for evidence: habits that change once, and two operators on one account.
 */
import { isSecondHalf, type Scenario } from "../scenario.ts";

const MINUTE_SECS = 60;
/** Seconds from one session to the next: 96 sessions are less than a week. */
const GAP_SECS = 100 * MINUTE_SECS;
const DURATION_SECS = [4 * MINUTE_SECS, 40 * MINUTE_SECS] as const;

/**
 * The mean of a number moves by less than the rule of drift needs, so its state is `stable`; evidence of the whole series finds the change.
 * A hash that is replaced from time to time, the same before and after, is no change.
 */
export const newHabits: Scenario = {
  name: "new-habits",
  summary:
    "An operator whose habits change once, in the middle of 96 sessions: slower calls home, more pasting.",
  sessions: 96,
  gapSecs: GAP_SECS,
  durationSecs: DURATION_SECS,
  expected: {
    "environmental.keyboard_layout": "stable",
    "motor.input_modality": "stable",
    "motor.keystroke_cadence": "stable",
    "toolchain.c2.beacon_interval_ms": "stable",
    "toolchain.c2.beacon_jitter_pct": "stable",
    "toolchain.ssh.hassh_client": "drifting",
  },
  isSuspected: false,
  play: (attacker) => {
    const clients = [attacker.hex(32), attacker.hex(32)] as const;
    return (position, session) => {
      const hasChanged = isSecondHalf(position);
      const isOdd = position.index % 7 === 3;
      return {
        "environmental.keyboard_layout": "qwertz",
        "motor.input_modality": hasChanged === isOdd ? "typed" : "pasted",
        "motor.keystroke_cadence": position.index % 9 === 4 ? "bursty" : "steady",
        "toolchain.c2.beacon_interval_ms": session.around(hasChanged ? 68_000 : 60_000, 0.09),
        "toolchain.c2.beacon_jitter_pct": session.integer(95, 105) / 10,
        "toolchain.ssh.hassh_client": position.index % 8 === 3 ? clients[1] : clients[0],
      };
    };
  },
};

/** Which of two operators has a session, in turn. Each stays for two to four sessions, which the rule of alternation does not find. */
const TURNS = [0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1] as const;

/** Numbers, categories and hashes differ between two operators who come back in no fixed order. */
export const sharedAccount: Scenario = {
  name: "shared-account",
  summary: "Two operators who share one account for 80 sessions, in no fixed order.",
  sessions: 80,
  gapSecs: GAP_SECS,
  durationSecs: DURATION_SECS,
  expected: {
    "environmental.locale": "stable",
    "motor.input_modality": "conflicted",
    "motor.keystroke_cadence": "conflicted",
    "toolchain.c2.beacon_interval_ms": "stable",
    "toolchain.ssh.hassh_client": "drifting",
    "toolchain.transport.hop_distance": "stable",
  },
  isSuspected: false,
  play: (attacker) => {
    const clients = [attacker.hex(32), attacker.hex(32)] as const;
    return (position, session) => {
      const operator = TURNS[position.index % TURNS.length] ?? 0;
      const isUsual = position.index % 11 !== 5;
      return {
        "environmental.locale": "en_US.UTF-8",
        "motor.input_modality": (operator === 0) === isUsual ? "typed" : "pasted",
        "motor.keystroke_cadence": operator === 0 ? "steady" : "hunt_and_peck",
        "toolchain.c2.beacon_interval_ms": session.around(operator === 0 ? 60_000 : 66_000, 0.05),
        "toolchain.ssh.hassh_client": clients[operator],
        "toolchain.transport.hop_distance": operator === 0 ? session.integer(9, 11) : session.integer(12, 14),
      };
    };
  },
};
