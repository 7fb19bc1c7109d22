/**
 * The states in a stored profile, as SQL: which there are, and how many of each. D1 counts a row for each primitive that `json_each` gives,
 * and none for a search in the text, so states are searched for. The encoding is that of profile.ts.
 *
 * It also finds the rows of an identity in `attributions`, which has no index by identity: by the primitives of its profile, in any state. They
 * are all there, because a drain writes a state and the profile that names its primitive in one transaction. Only a primitive that was
 * removed before its event was drained is missing in that profile, and the same drain then removes it from `attributions` by its name.
 */
import { type State, STATES } from "../core/index.ts";

/** All states in SQL. */
export const ANY_STATE = `(${STATES.map((state) => `'${state}'`).join(", ")})`;

/**
 * SQL of a query: the states of an identity as JSON lists, which are that of its profile and, if it is wide, those of its pages. None
 * before the first event. Rows beyond the number of pages are from a longer profile before.
 * @param row - a row of `identities`
 */
const listsOf = (row: string) => `
  SELECT ${row}.profile -> '$.states' AS list
  UNION ALL SELECT body FROM profile_pages WHERE identity_uuid = ${row}.uuid AND profile_pages.page < ${row}.profile ->> '$.pages'`;

/**
 * A state as it stands in such a list: the second text of a primitive. It is found nowhere else, because the quotes inside of a text
 * follow a backslash.
 */
const inList = (state: State) => `","${state}","`;

/** SQL: whether a primitive of an identity is in a state. @param row - a row of `identities` */
export function hasState(row: string, state: State): string {
  return `EXISTS (SELECT 1 FROM (${listsOf(row)}) WHERE instr(list, '${inList(state)}') > 0)`;
}

/** SQL: whether a profile has a primitive. @param row - a row of `identities` @param primitive - SQL of a text */
export function hasPrimitive(row: string, primitive: string): string {
  return `EXISTS (SELECT 1 FROM (${listsOf(row)}) WHERE instr(list, '[' || json_quote(${primitive}) || ',"') > 0)`;
}

/** SQL: how many primitives of an identity are in each state, a JSON object. @param row - a row of `identities` */
export function countStates(row: string): string {
  const counted = STATES.map((state) => {
    const mark = inList(state);
    return `'${state}', coalesce(sum(length(list) - length(replace(list, '${mark}', ''))), 0) / ${mark.length}`;
  });
  return `(SELECT json_object(${counted.join(", ")}) FROM (${listsOf(row)}))`;
}

/**
 * SQL: the primitives of an identity that are neither stable nor unknown, a JSON list of [primitive, state]. Costs a row for each
 * primitive. @param row - a row of `identities`
 */
export function listTroubled(row: string): string {
  return `(SELECT json_group_array(json_array(entry.value ->> 0, entry.value ->> 1))
    FROM (${listsOf(row)}) CROSS JOIN json_each(list) AS entry WHERE entry.value ->> 1 NOT IN ('stable', 'unknown'))`;
}

/**
 * SQL of a query: the rows of `attributions` of some identities, once each. Looks up five rows for each primitive.
 * @param source - a table with columns of `identities`: uuid, profile
 */
export function attributionsOf(source: string): string {
  // Of pages, also those of a profile before: what they name is looked up in vain. UNION leaves out what is named twice.
  return `
  SELECT attributions.state, attributions.primitive, attributions.identity_uuid FROM (
    SELECT uuid, entry.value ->> 0 AS name FROM ${source} CROSS JOIN json_each(profile, '$.states') AS entry
    UNION
    SELECT uuid, entry.value ->> 0
    FROM ${source} CROSS JOIN profile_pages ON profile_pages.identity_uuid = uuid CROSS JOIN json_each(body) AS entry
  ) AS named CROSS JOIN attributions ON attributions.state IN ${ANY_STATE}
    AND attributions.primitive = named.name AND attributions.identity_uuid = named.uuid`;
}
