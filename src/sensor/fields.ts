/**
 * The border to parsed JSON: tells an object from everything else, so that readers may look at its fields.
 */

/** The fields of a JSON object, none of them checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a parsed value is an object (and not null or an array). */
export function isFields(raw: unknown): raw is Fields {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}
