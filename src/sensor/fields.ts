/**
 * Checks whether parsed JSON is an object, so that readers may access its fields.
 */

/** The fields of a JSON object. Their values are not checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a parsed value is an object, and neither null nor an array. */
export function isFields(raw: unknown): raw is Fields {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}
