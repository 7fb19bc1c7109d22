/**
 * Scenarios of people at a keyboard: how their typing and habits change over a week.
 */
import { alternate, isSecondHalf, type Scenario } from "../scenario.ts";

const HOUR_SECS = 3_600;
const DAY_SECS = 24 * HOUR_SECS;
/** Duration of a session of a person, seconds. */
const HANDS_ON_SECS = [300, 1_500] as const;

const KEX_OPENSSH = ["curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha256"];

/** Every primitive is `stable`. */
export const steadyOperator: Scenario = {
  name: "steady-operator",
  summary: "One operator, one session a day for a week, always the same hands and the same client.",
  sessions: 7,
  gapSecs: DAY_SECS,
  durationSecs: HANDS_ON_SECS,
  expected: {
    "cognitive.inter_command_latency_class": "stable",
    "environmental.locale": "stable",
    "motor.input_modality": "stable",
    "motor.keystroke_cadence": "stable",
    "toolchain.ssh.hassh_client": "stable",
    "toolchain.ssh.kex_algorithm_order": "stable",
  },
  isSuspected: false,
  play: (attacker) => {
    const hassh = attacker.hex(32);
    return () => ({
      "cognitive.inter_command_latency_class": "typing_speed",
      "environmental.locale": "pt_BR.UTF-8",
      "motor.input_modality": "typed",
      "motor.keystroke_cadence": "steady",
      "toolchain.ssh.hassh_client": hassh,
      "toolchain.ssh.kex_algorithm_order": KEX_OPENSSH,
    });
  },
};

/** Four of the last five sessions are pasted, the earlier ones are typed, so the state is `drifting`. */
export const typingToPasting: Scenario = {
  name: "typing-to-pasting",
  summary: "An operator who types until the middle of the week and pastes prepared commands from then on.",
  sessions: 7,
  gapSecs: DAY_SECS,
  durationSecs: HANDS_ON_SECS,
  expected: {
    "environmental.locale": "stable",
    "motor.input_modality": "drifting",
    "motor.paste_burst_rate": "drifting",
    "toolchain.ssh.hassh_client": "stable",
  },
  isSuspected: false,
  play: (attacker) => {
    const hassh = attacker.hex(32);
    return (position) => ({
      "environmental.locale": "en_US.UTF-8",
      "motor.input_modality": isSecondHalf(position) ? "pasted" : "typed",
      "motor.paste_burst_rate": isSecondHalf(position) ? "habitual" : "none",
      "toolchain.ssh.hassh_client": hassh,
    });
  },
};

/** Two values alternate in three primitives, so they are `multi_actor` and a suspicion is published. */
export const sharedCredentials: Scenario = {
  name: "shared-credentials",
  summary: "Two operators who take turns on one stolen account, twice a day: one types slowly, one pastes.",
  sessions: 8,
  gapSecs: DAY_SECS / 2,
  durationSecs: HANDS_ON_SECS,
  expected: {
    "cognitive.inter_command_latency_class": "multi_actor",
    "environmental.keyboard_layout": "stable",
    "motor.input_modality": "multi_actor",
    "motor.keystroke_cadence": "multi_actor",
    "toolchain.ssh.hassh_client": "drifting",
  },
  isSuspected: true,
  play: (attacker) => {
    const clients = [attacker.hex(32), attacker.hex(32)] as const;
    return (position) => ({
      "cognitive.inter_command_latency_class": alternate(position, ["deliberate", "instant"]),
      "environmental.keyboard_layout": "qwertz",
      "motor.input_modality": alternate(position, ["typed", "pasted"]),
      "motor.keystroke_cadence": alternate(position, ["hunt_and_peck", "machine"]),
      "toolchain.ssh.hassh_client": alternate(position, clients),
    });
  },
};

/** Three values in turn are neither a majority nor an alternation, so the state is `conflicted`. For one primitive the sensor abstains. */
export const restlessHands: Scenario = {
  name: "restless-hands",
  summary: "An operator who works differently every day; the sensor cannot tell how the playbook branches.",
  sessions: 7,
  gapSecs: DAY_SECS,
  durationSecs: HANDS_ON_SECS,
  expected: {
    "cognitive.command_branch_diversity": "unknown",
    "cognitive.exploration_style": "conflicted",
    "motor.input_modality": "conflicted",
    "toolchain.ssh.hassh_client": "stable",
  },
  isSuspected: false,
  play: (attacker) => {
    const hassh = attacker.hex(32);
    return (position) => ({
      "cognitive.command_branch_diversity": "unknown",
      "cognitive.exploration_style": alternate(position, ["methodical", "targeted", "chaotic"]),
      "motor.input_modality": alternate(position, ["typed", "mixed", "pasted"]),
      "toolchain.ssh.hassh_client": hassh,
    });
  },
};

/** Fewer than three observations are `unknown`. A hash is `stable` after one. */
export const oneShortSession: Scenario = {
  name: "one-short-session",
  summary: "Somebody who looked in once, for less than a minute.",
  sessions: 1,
  gapSecs: HOUR_SECS,
  durationSecs: [15, 50],
  expected: {
    "motor.input_modality": "unknown",
    "temporal.session_duration": "unknown",
    "toolchain.ssh.hassh_client": "stable",
  },
  isSuspected: false,
  play: (attacker) => {
    const hassh = attacker.hex(32);
    return () => ({
      "motor.input_modality": "typed",
      "temporal.session_duration": "short",
      "toolchain.ssh.hassh_client": hassh,
    });
  },
};
