/** Marking identities for the sweep. */

/**
 * SQL that marks an identity; what every `UPDATE identities` that marks one sets. The version is raised even if the
 * identity is marked already: a sweep that is comparing it may have read past what the new mark is about.
 */
export const MARK = "is_dirty = 1, mark_version = mark_version + 1";
