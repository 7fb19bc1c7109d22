/**
 * Scenarios of programs: implants that call home, and clients that change their fingerprint.
 */
import { isSecondHalf, type Scenario } from "../scenario.ts";

const HOUR_SECS = 3_600;
/** Duration of a session of a script, seconds. */
const SCRIPTED_SECS = [5, 40] as const;

/** The mean changes by half from one window to the next, so the state is `drifting`. */
export const beaconShift: Scenario = {
  name: "beacon-shift",
  summary: "An implant that calls home once a minute and, from the middle on, every minute and a half.",
  sessions: 10,
  gapSecs: 8 * HOUR_SECS,
  durationSecs: [HOUR_SECS, HOUR_SECS],
  expected: {
    "toolchain.c2.beacon_interval_ms": "drifting",
    "toolchain.c2.beacon_jitter_pct": "stable",
    "toolchain.c2.framework": "stable",
  },
  isSuspected: false,
  play: () => (position, session) => ({
    "toolchain.c2.beacon_interval_ms": session.around(isSecondHalf(position) ? 90_000 : 60_000, 0.02),
    "toolchain.c2.beacon_jitter_pct": session.integer(95, 105) / 10,
    "toolchain.c2.framework": "sliver",
  }),
};

/** One interval of a window is very long. The deviation is larger than the mean, so the state is `conflicted`. */
export const erraticBeacon: Scenario = {
  name: "erratic-beacon",
  summary: "An implant that calls home every second, then falls silent for ten minutes, again and again.",
  sessions: 10,
  gapSecs: 8 * HOUR_SECS,
  durationSecs: [HOUR_SECS, HOUR_SECS],
  expected: {
    "toolchain.c2.beacon_interval_ms": "conflicted",
    "toolchain.c2.framework": "stable",
  },
  isSuspected: false,
  play: () => (position, session) => ({
    // One of any five consecutive intervals is long, so every window holds one.
    "toolchain.c2.beacon_interval_ms": session.around(position.index % 5 === 2 ? 600_000 : 1_000, 0.05),
    "toolchain.c2.framework": "custom",
  }),
};

/** Two hashes within a day are one rotation, so the state is `drifting`. */
export const rotatingClient: Scenario = {
  name: "rotating-client",
  summary: "A script whose SSH client was replaced once during its last day; the rest of it stayed the same.",
  sessions: 8,
  gapSecs: 2 * HOUR_SECS,
  durationSecs: SCRIPTED_SECS,
  expected: {
    "cognitive.inter_command_latency_class": "stable",
    "temporal.session_duration": "stable",
    "toolchain.payload.sha256": "stable",
    "toolchain.ssh.hassh_client": "drifting",
  },
  isSuspected: false,
  play: (attacker) => {
    const [before, after] = [attacker.hex(32), attacker.hex(32)];
    const payload = attacker.hex(64);
    return (position) => ({
      "cognitive.inter_command_latency_class": "instant",
      "temporal.session_duration": "short",
      "toolchain.payload.sha256": payload,
      "toolchain.ssh.hassh_client": isSecondHalf(position) ? after : before,
    });
  },
};

/** A hash has more than two rotations within a day, and a list is different each time, so both are `conflicted`. */
export const scrambledClient: Scenario = {
  name: "scrambled-client",
  summary: "A scanner that shuffles its TLS handshake and its HTTP headers for every connection.",
  sessions: 8,
  gapSecs: 2 * HOUR_SECS,
  durationSecs: SCRIPTED_SECS,
  expected: {
    "toolchain.http.header_order": "conflicted",
    "toolchain.http.user_agent": "stable",
    "toolchain.tls.ja4_client": "conflicted",
  },
  isSuspected: false,
  play: () => {
    const headers = ["host", "user-agent", "accept", "accept-encoding", "connection", "cookie", "te", "dnt"];
    return (position, session) => {
      // The order is rotated by the index of the session, so eight sessions have eight different orders.
      const cut = position.index % headers.length;
      return {
        "toolchain.http.header_order": [...headers.slice(cut), ...headers.slice(0, cut)],
        "toolchain.http.user_agent": "Mozilla/5.0 (compatible; survey/2.1)",
        "toolchain.tls.ja4_client": `t13d1516h2_${session.hex(12)}_${session.hex(12)}`,
      };
    };
  },
};
