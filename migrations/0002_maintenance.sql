CREATE TABLE `control` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `erasures` (
	`attacker_uuid` text PRIMARY KEY NOT NULL,
	`erased_ts` real NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `merges` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`winner_uuid` text NOT NULL,
	`loser_uuid` text NOT NULL,
	`merged_ts` real NOT NULL,
	`attacker_uuids` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `merges_by_loser` ON `merges` (`loser_uuid`);--> statement-breakpoint
ALTER TABLE `dead_letters` ADD `body_bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `dead_letters` ADD `body_sha256` text;--> statement-breakpoint
ALTER TABLE `identities` ADD `merged_into_uuid` text;--> statement-breakpoint
ALTER TABLE `identities` ADD `is_dirty` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `identities` ADD `checked_ts` real DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `identities` ADD `sweep_cursor` text;--> statement-breakpoint
CREATE INDEX `identities_by_check` ON `identities` (`is_dirty`,`checked_ts`);--> statement-breakpoint
-- As before, but an identity that is merged away keeps its row without attackers.
DROP TRIGGER `identity_left_empty`;
--> statement-breakpoint
CREATE TRIGGER `identity_left_empty` AFTER UPDATE OF `identity_uuid` ON `attackers` WHEN OLD.`identity_uuid` <> NEW.`identity_uuid`
BEGIN
	DELETE FROM `identities` WHERE `uuid` = OLD.`identity_uuid` AND `last_seq` = 0 AND `merged_into_uuid` IS NULL
		AND NOT EXISTS (SELECT 1 FROM `attackers` WHERE `identity_uuid` = OLD.`identity_uuid`)
		AND NOT EXISTS (SELECT 1 FROM `merges` WHERE `winner_uuid` = OLD.`identity_uuid`);
END;
--> statement-breakpoint
INSERT INTO `counters` (`name`, `value`) VALUES ('erased', 0), ('expired', 0);
