/** What a caller may do. */

/** Every scope, in the order they are answered in. */
export const SCOPES = ["read", "ingest", "admin"] as const;

/** `admin` includes both others; `ingest` does not include `read`, so a sensor that is taken over cannot read. */
export type Scope = (typeof SCOPES)[number];
