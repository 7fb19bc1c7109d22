-- By hand: no row is lost. States and events are rewritten after this (version-two.ts), observations by a job.
ALTER TABLE `observations` RENAME TO `observation_rows`;
--> statement-breakpoint
ALTER TABLE `attributions` RENAME TO `first_attributions`;
--> statement-breakpoint
ALTER TABLE `outbox` RENAME TO `first_outbox`;
--> statement-breakpoint
ALTER TABLE `attackers` RENAME TO `first_attackers`;
--> statement-breakpoint
CREATE TABLE `attackers` (
	`uuid` text PRIMARY KEY NOT NULL,
	`number` integer NOT NULL,
	`link_version` integer NOT NULL,
	`is_linked` integer NOT NULL,
	`first_seen_ts` real
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `attackers` (`uuid`, `number`, `link_version`, `is_linked`, `first_seen_ts`)
SELECT `uuid`, row_number() OVER (ORDER BY `uuid`), `link_version`, `is_linked`, `first_seen_ts` FROM `first_attackers` ORDER BY `uuid`;
--> statement-breakpoint
DROP TABLE `first_attackers`;
--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` integer PRIMARY KEY NOT NULL,
	`is_full` integer NOT NULL,
	`size` integer NOT NULL,
	`first_ts` real NOT NULL,
	`body` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `states` (
	`page` integer PRIMARY KEY NOT NULL,
	`primitives` text NOT NULL,
	`projected_ts` real NOT NULL,
	`body` text NOT NULL
);
--> statement-breakpoint
-- The table is created when it is needed. An exchange that waits reads D1 from the start.
DROP TABLE `staged`;
--> statement-breakpoint
UPDATE `jobs` SET `progress` = NULL, `revision` = `revision` + 1
WHERE `kind` = 'exchange' AND `input` IS NOT NULL AND `progress` ->> 'phase' = 'read';
