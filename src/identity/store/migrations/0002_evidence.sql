-- By hand: `hook_entries` is created when it is needed. `staged` may be missing, so version-three.ts changes it.
ALTER TABLE `sessions` ADD `last_ts` real;
--> statement-breakpoint
-- The blob stands last, so that reading the other columns does not pass over it.
ALTER TABLE `states` RENAME TO `second_states`;
--> statement-breakpoint
CREATE TABLE `states` (
	`page` integer PRIMARY KEY NOT NULL,
	`primitives` text NOT NULL,
	`projected_ts` real NOT NULL,
	`estimated_ts` real NOT NULL,
	`estimated_count` integer,
	`body` text NOT NULL,
	`kept` blob
);
--> statement-breakpoint
INSERT INTO `states` (`page`, `primitives`, `projected_ts`, `estimated_ts`, `estimated_count`, `body`, `kept`)
SELECT `page`, `primitives`, `projected_ts`, 0, NULL, `body`, NULL FROM `second_states` ORDER BY `page`;
--> statement-breakpoint
DROP TABLE `second_states`;
