/**
 * The known primitives, BEHAVE's (`behave`) and this project's (`extension`): the kind of each and, if BEHAVE lists them,
 * its values. A policy may add primitives or change a kind (`PRIMITIVE_KINDS`). An unknown primitive is categorical.
 */
import type { ValueKind } from "./observation.ts";

/** The facts about one primitive. */
export interface PrimitiveFacts {
  readonly kind: ValueKind;
  readonly origin: "behave" | "extension";
  /** Whether BEHAVE states the kind; false if this project inferred it. */
  readonly isKindCertain: boolean;
  /** The values that BEHAVE lists, or null if any value is allowed. */
  readonly allowed: readonly string[] | null;
}

/** The known primitives, by name. */
export const PRIMITIVES: Readonly<Record<string, PrimitiveFacts>> = {
  "motor.input_modality": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["typed", "pasted", "mixed"],
  },
  "motor.paste_burst_rate": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["none", "occasional", "habitual"],
  },
  "motor.keystroke_cadence": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["steady", "bursty", "hunt_and_peck", "machine"],
  },
  "motor.motor_stability": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["steady", "variable", "tremor"],
  },
  "motor.error_correction": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["immediate", "deferred", "absent", "route_around"],
  },
  "motor.command_chunking": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["fluent", "fragmented", "single_command"],
  },
  "motor.shell_mastery.tab_completion": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["none", "occasional", "habitual"],
  },
  "motor.shell_mastery.shortcut_usage": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["none", "moderate", "heavy"],
  },
  "motor.shell_mastery.pipe_chaining_depth": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["shallow", "moderate", "deep"],
  },
  "motor.digraph_simhash": { kind: "hash", origin: "behave", isKindCertain: true, allowed: null },
  "cognitive.inter_command_latency_class": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["instant", "typing_speed", "deliberate", "llm_lightweight", "llm_heavyweight", "long"],
  },
  "cognitive.inter_command_consistency": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["metronomic", "variable", "bimodal"],
  },
  "cognitive.command_branch_diversity": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["linear_playbook", "adaptive_branching", "unknown"],
  },
  "cognitive.feedback_loop_engagement": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["closed_loop", "fire_and_forget", "unknown"],
  },
  "cognitive.cognitive_load": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["low", "medium", "high"],
  },
  "cognitive.exploration_style": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["methodical", "targeted", "chaotic"],
  },
  "cognitive.planning_depth": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["deep", "shallow", "reactive"],
  },
  "cognitive.tool_vocabulary": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["narrow", "moderate", "broad"],
  },
  "cognitive.error_resilience.retry_tactic": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["rerun", "modify", "switch", "abort"],
  },
  "cognitive.error_resilience.frustration_typing": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["low", "moderate", "high"],
  },
  "cognitive.error_resilience.fallback_to_man": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["present", "absent"],
  },
  "temporal.session_duration": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["short", "medium", "long", "marathon"],
  },
  "temporal.escalation_pattern": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["sustained", "erratic", "bursty"],
  },
  "temporal.lifecycle_markers.landing_ritual": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["present", "absent"],
  },
  "temporal.lifecycle_markers.exit_behavior": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["graceful", "abrupt", "cleanup"],
  },
  "temporal.session_timing": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["diurnal", "nocturnal", "irregular"],
  },
  "temporal.persistence": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["hit_and_run", "return_visitor", "resident"],
  },
  "temporal.lifecycle_markers.idle_periodicity": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: false,
    allowed: null,
  },
  "operational.objective": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["recon", "exfil", "persistence", "lateral", "destructive"],
  },
  "operational.opsec_discipline": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["careful", "learning", "careless"],
  },
  "operational.cleanup_behavior": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["thorough", "partial", "none"],
  },
  "operational.multi_actor_indicators": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["solo", "handoff_detected", "team_coordinated"],
  },
  "environmental.shell_type": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["bash", "zsh", "fish", "cmd.exe", "powershell"],
  },
  "environmental.terminal_multiplexer": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["tmux", "screen", "none"],
  },
  "environmental.keyboard_layout": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["qwerty", "azerty", "qwertz", "other"],
  },
  "environmental.locale": { kind: "free_string", origin: "behave", isKindCertain: true, allowed: null },
  "environmental.numpad_usage": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["detected", "not_detected"],
  },
  "cultural.meal_break_gaps": { kind: "categorical", origin: "behave", isKindCertain: false, allowed: null },
  "cultural.periodic_micro_pauses": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: false,
    allowed: null,
  },
  "cultural.dst_behavior": { kind: "categorical", origin: "behave", isKindCertain: false, allowed: null },
  "cultural.weekend_cadence": { kind: "categorical", origin: "behave", isKindCertain: false, allowed: null },
  "cultural.holiday_gaps": { kind: "categorical", origin: "behave", isKindCertain: false, allowed: null },
  "emotional_valence.valence": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["positive", "neutral", "negative"],
  },
  "emotional_valence.arousal": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["high_agitated", "medium_engaged", "low_calm"],
  },
  "emotional_valence.stress_response": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["eustress_positive", "distress_negative", "none"],
  },
  "emotional_valence.frustration_venting": {
    kind: "categorical",
    origin: "behave",
    isKindCertain: true,
    allowed: ["detected", "none"],
  },
  "toolchain.tls.jarm_server": { kind: "hash", origin: "behave", isKindCertain: true, allowed: null },
  "toolchain.ssh.hassh_client": { kind: "hash", origin: "behave", isKindCertain: true, allowed: null },
  "toolchain.ssh.kex_algorithm_order": {
    kind: "array",
    origin: "behave",
    isKindCertain: true,
    allowed: null,
  },
  "toolchain.c2.beacon_interval_ms": {
    kind: "numeric",
    origin: "behave",
    isKindCertain: true,
    allowed: null,
  },
  "toolchain.payload.payload_simhash": {
    kind: "hash",
    origin: "behave",
    isKindCertain: false,
    allowed: null,
  },
  "toolchain.tls.ja3_client": { kind: "hash", origin: "extension", isKindCertain: false, allowed: null },
  "toolchain.tls.ja3s_server": { kind: "hash", origin: "extension", isKindCertain: false, allowed: null },
  "toolchain.tls.ja4_client": { kind: "hash", origin: "extension", isKindCertain: false, allowed: null },
  "toolchain.tls.ja4_quic": { kind: "hash", origin: "extension", isKindCertain: false, allowed: null },
  "toolchain.tls.cert_sha256": { kind: "hash", origin: "extension", isKindCertain: false, allowed: null },
  "toolchain.tls.self_signed": { kind: "bool", origin: "extension", isKindCertain: false, allowed: null },
  "toolchain.transport.tcp_fingerprint": {
    kind: "hash",
    origin: "extension",
    isKindCertain: false,
    allowed: null,
  },
  "toolchain.transport.os_label": {
    kind: "free_string",
    origin: "extension",
    isKindCertain: false,
    allowed: null,
  },
  "toolchain.transport.hop_distance": {
    kind: "numeric",
    origin: "extension",
    isKindCertain: false,
    allowed: null,
  },
  "toolchain.transport.isn_class": {
    kind: "categorical",
    origin: "extension",
    isKindCertain: false,
    allowed: null,
  },
  "toolchain.transport.ipid_class": {
    kind: "categorical",
    origin: "extension",
    isKindCertain: false,
    allowed: null,
  },
  "toolchain.ssh.hassh_server": { kind: "hash", origin: "extension", isKindCertain: false, allowed: null },
  "toolchain.ssh.client_banner": {
    kind: "free_string",
    origin: "extension",
    isKindCertain: false,
    allowed: null,
  },
  "toolchain.http.header_order": { kind: "array", origin: "extension", isKindCertain: false, allowed: null },
  "toolchain.http.ja4h": { kind: "hash", origin: "extension", isKindCertain: false, allowed: null },
  "toolchain.http.user_agent": {
    kind: "free_string",
    origin: "extension",
    isKindCertain: false,
    allowed: null,
  },
  "toolchain.c2.beacon_jitter_pct": {
    kind: "numeric",
    origin: "extension",
    isKindCertain: false,
    allowed: null,
  },
  "toolchain.c2.framework": { kind: "categorical", origin: "extension", isKindCertain: false, allowed: null },
  "toolchain.protocol_abuse.forwarded_spoofing": {
    kind: "bool",
    origin: "extension",
    isKindCertain: false,
    allowed: null,
  },
  "toolchain.payload.sha256": { kind: "hash", origin: "extension", isKindCertain: false, allowed: null },
  "cognitive.command_words": { kind: "bag", origin: "extension", isKindCertain: false, allowed: null },
};

const VALUE_KINDS: Readonly<Record<ValueKind, true>> = {
  categorical: true,
  bool: true,
  free_string: true,
  array: true,
  numeric: true,
  hash: true,
  bag: true,
};

/** Whether a text names a value kind. */
export function isValueKind(text: string): text is ValueKind {
  return Object.hasOwn(VALUE_KINDS, text);
}

/** Looks up the kind of a primitive and its listed values. */
export interface Registry {
  kindOf(primitive: string): ValueKind;
  /** Whether a value is among those listed for a categorical primitive; true if none are listed. */
  isListed(primitive: string, value: unknown): boolean;
}

/**
 * The registry with further kinds, which take precedence.
 * @param kinds - kind by primitive; the listed values of a known primitive apply only while it is categorical
 */
export function createRegistry(kinds: Readonly<Record<string, ValueKind>> = {}): Registry {
  const kindOf = (primitive: string): ValueKind => {
    if (Object.hasOwn(kinds, primitive)) return kinds[primitive] ?? "categorical";
    return factsOf(primitive)?.kind ?? "categorical";
  };
  return {
    kindOf,
    isListed(primitive, value) {
      const allowed = factsOf(primitive)?.allowed ?? null;
      if (allowed === null || kindOf(primitive) !== "categorical") return true;
      // Every categorical primitive may abstain, even if its list does not contain "unknown".
      return typeof value === "string" && (value === "unknown" || allowed.includes(value));
    },
  };
}

function factsOf(primitive: string): PrimitiveFacts | undefined {
  return Object.hasOwn(PRIMITIVES, primitive) ? PRIMITIVES[primitive] : undefined;
}
