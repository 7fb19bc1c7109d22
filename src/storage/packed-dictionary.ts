/**
 * The preset dictionary of packed texts: what occurs in most of them, the most frequent last. What was packed with it is unreadable with
 * any other text, so it never changes; a better one gets another format number.
 */
export const DICTIONARY =
  '{"primitive":","old_state":null,"new_state":"unknown","stable","drifting","conflicted","multi_actor","current_' +
  'value":","confidence":0.6,"observation_count":,"ts":,"policy":"pol_,"explanation":{"rule":"too_few_observation' +
  's","clear_without_older","clear_as_before","clear_after_unclear","clear_but_changed","alternating","not_clear"' +
  ',"no_rotation","few_rotations","many_rotations","recent":[{"value":","evidence_ref":"cowrie:","attacker_uuid":' +
  '","older":[],"entered":[{"evidence_ref":"],"left":[],"statistic":,"threshold":,"margin":,"observation_uuids":[' +
  '"],"confidence":null,"first_seen_at":"curve25519-sha256","curve25519-sha256@libssh.org","ecdh-sha2-nistp256","' +
  'ecdh-sha2-nistp384","ecdh-sha2-nistp521","diffie-hellman-group-exchange-sha256","diffie-hellman-group16-sha512' +
  '","diffie-hellman-group18-sha512","diffie-hellman-group14-sha256","diffie-hellman-group-exchange-sha1","diffie' +
  '-hellman-group14-sha1","diffie-hellman-group1-sha1","ext-info-c","kex-strict-c-v00@openssh.com"cognitive.cogni' +
  'tive_load","cognitive.command_branch_diversity","cognitive.error_resilience.fallback_to_man","cognitive.error_' +
  'resilience.frustration_typing","cognitive.error_resilience.retry_tactic","cognitive.exploration_style","cognit' +
  'ive.feedback_loop_engagement","cognitive.inter_command_consistency","cognitive.inter_command_latency_class","c' +
  'ognitive.planning_depth","cognitive.tool_vocabulary","cultural.dst_behavior","cultural.holiday_gaps","cultural' +
  '.meal_break_gaps","cultural.periodic_micro_pauses","cultural.weekend_cadence","emotional_valence.arousal","emo' +
  'tional_valence.frustration_venting","emotional_valence.stress_response","emotional_valence.valence","environme' +
  'ntal.keyboard_layout","environmental.locale","environmental.numpad_usage","environmental.shell_type","environm' +
  'ental.terminal_multiplexer","motor.command_chunking","motor.digraph_simhash","motor.error_correction","motor.i' +
  'nput_modality","motor.keystroke_cadence","motor.motor_stability","motor.paste_burst_rate","motor.shell_mastery' +
  '.pipe_chaining_depth","motor.shell_mastery.shortcut_usage","motor.shell_mastery.tab_completion","operational.c' +
  'leanup_behavior","operational.multi_actor_indicators","operational.objective","operational.opsec_discipline","' +
  'temporal.escalation_pattern","temporal.lifecycle_markers.exit_behavior","temporal.lifecycle_markers.idle_perio' +
  'dicity","temporal.lifecycle_markers.landing_ritual","temporal.persistence","temporal.session_duration","tempor' +
  'al.session_timing","toolchain.c2.beacon_interval_ms","toolchain.c2.beacon_jitter_pct","toolchain.c2.framework"' +
  ',"toolchain.http.header_order","toolchain.http.ja4h","toolchain.http.user_agent","toolchain.payload.payload_si' +
  'mhash","toolchain.payload.sha256","toolchain.protocol_abuse.forwarded_spoofing","toolchain.ssh.client_banner",' +
  '"toolchain.ssh.hassh_client","toolchain.ssh.hassh_server","toolchain.ssh.kex_algorithm_order","toolchain.tls.c' +
  'ert_sha256","toolchain.tls.ja3_client","toolchain.tls.ja3s_server","toolchain.tls.ja4_client","toolchain.tls.j' +
  'a4_quic","toolchain.tls.jarm_server","toolchain.tls.self_signed","toolchain.transport.hop_distance","toolchain' +
  '.transport.ipid_class","toolchain.transport.isn_class","toolchain.transport.os_label","toolchain.transport.tcp' +
  '_fingerprint","unknown","none","low","medium","high","short","true","false"shard:decky/ssh/.jsonl#"sensor.cowr' +
  'ie"decnet/"SSH-2.0-OpenSSH_"SSH-2.0-libssh2_1."SSH-2.0-PuTTY"SSH-2.0-Go"["cowrie:';
