/**
 * Taking an attacker out of events that were made of its observations: the explanation and the value go, the transition
 * itself stays. The same statements serve D1's history and an object's outbox: both hold envelopes as JSON.
 */

/** A table of events, and the name of its JSON column. */
type EventTable = "events" | "outbox";

/** The statements, each to be run with the attacker's UUID as its one parameter. */
export function redactionStatements(table: EventTable): string[] {
  return [
    `UPDATE ${table} SET event = json_set(json_remove(event, '$.explanation'), '$.payload.current_value', NULL)
     WHERE event ->> 'type' = 'profile.state_changed' AND instr(event, ?1) > 0`,
    `UPDATE ${table} SET event = json_set(event, '$.payload.observation_uuids',
       (SELECT json_group_array(value) FROM json_each(event, '$.payload.observation_uuids') WHERE value <> ?1))
     WHERE event ->> 'type' IN ('formed', 'merged', 'unmerged') AND instr(event, ?1) > 0`,
  ];
}
