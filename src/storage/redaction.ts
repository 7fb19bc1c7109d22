/**
 * Taking an attacker out of events that were made of its observations: the explanation and the value go, the transition
 * itself stays. The same SQL serves D1's history and an object's outbox: both hold envelopes as JSON.
 */

/**
 * SQL that redacts the events of a table that name an attacker, whose UUID is parameter ?1.
 * @param condition - SQL for which rows are looked at; they are all read
 */
export function redactionStatement(table: "events" | "outbox", condition = "true"): string {
  return `
UPDATE ${table} SET event = CASE event ->> 'type'
  WHEN 'profile.state_changed' THEN json_set(json_remove(event, '$.explanation'), '$.payload.current_value', NULL)
  ELSE json_set(event, '$.payload.observation_uuids',
    (SELECT json_group_array(value) FROM json_each(event, '$.payload.observation_uuids') WHERE value <> ?1)) END
WHERE ${condition} AND instr(event, ?1) > 0 AND event ->> 'type' IN ('profile.state_changed', 'formed', 'merged', 'unmerged')`;
}
