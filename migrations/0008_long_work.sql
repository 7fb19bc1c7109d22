-- Counts how often an identity was marked, so that the sweep clears a mark only if it is the one that it saw.
ALTER TABLE `identities` ADD `mark_version` integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
-- For the attackers of an identity that wait for a backfill. Written only when that begins and ends.
CREATE INDEX `attackers_by_backfill` ON `attackers` (`identity_uuid`) WHERE needs_backfill = 1;
--> statement-breakpoint
-- Identities that an attacker was linked to before: an erasure looks there too.
CREATE TABLE `former_links` (
	`attacker_uuid` text NOT NULL,
	`identity_uuid` text NOT NULL,
	PRIMARY KEY(`attacker_uuid`, `identity_uuid`)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT OR IGNORE INTO `former_links` SELECT value, `winner_uuid` FROM `merges`, json_each(`merges`.`attacker_uuids`);
--> statement-breakpoint
INSERT OR IGNORE INTO `former_links` SELECT value, `loser_uuid` FROM `merges`, json_each(`merges`.`attacker_uuids`);
--> statement-breakpoint
CREATE TRIGGER `attacker_left_identity` AFTER UPDATE OF `identity_uuid` ON `attackers` WHEN OLD.`identity_uuid` <> NEW.`identity_uuid`
BEGIN
	INSERT INTO `former_links` (`attacker_uuid`, `identity_uuid`) VALUES (OLD.`uuid`, OLD.`identity_uuid`) ON CONFLICT DO NOTHING;
END;
--> statement-breakpoint
-- The attackers that a dead letter names, so that an erasure finds its letters.
CREATE TABLE `dead_letter_attackers` (
	`attacker_uuid` text NOT NULL,
	`letter_id` text NOT NULL,
	PRIMARY KEY(`attacker_uuid`, `letter_id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `dead_letter_attackers_by_letter` ON `dead_letter_attackers` (`letter_id`);
--> statement-breakpoint
CREATE TRIGGER `dead_letter_gone` AFTER DELETE ON `dead_letters`
BEGIN
	DELETE FROM `dead_letter_attackers` WHERE `letter_id` = OLD.`id`;
END;
--> statement-breakpoint
-- Long work over several objects: one row per piece of work, with how far it is.
CREATE TABLE `jobs` (
	`kind` text NOT NULL,
	`subject` text NOT NULL,
	`state` text NOT NULL,
	`due_ts` real,
	`failures` integer DEFAULT 0 NOT NULL,
	`error` text,
	PRIMARY KEY(`kind`, `subject`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `jobs_by_due` ON `jobs` (`due_ts`);
--> statement-breakpoint
-- What was under way becomes a job; letters kept before are indexed by one.
INSERT INTO `jobs` (`kind`, `subject`, `state`, `due_ts`)
SELECT 'erasure', `attacker_uuid`, json_object('erasedTs', `erased_ts`, 'stage', 'observations', 'holders', json(`holders`), 'holderIndex', 0, 'afterSeq', 0), 0
FROM `erasures` WHERE `holders` IS NOT NULL;
--> statement-breakpoint
INSERT INTO `jobs` (`kind`, `subject`, `state`, `due_ts`)
SELECT 'merge', `id`, json_object('winnerUuid', `winner_uuid`, 'loserUuid', `loser_uuid`, 'isUndone', json(iif(`undone_ts` IS NULL, 'false', 'true'))), 0
FROM `merges` WHERE NOT `is_told`;
--> statement-breakpoint
INSERT INTO `jobs` (`kind`, `subject`, `state`, `due_ts`)
SELECT 'index_letters', '', json_object('after', 0, 'through', 9007199254740991), 0 WHERE EXISTS (SELECT 1 FROM `dead_letters`);
--> statement-breakpoint
ALTER TABLE `erasures` DROP COLUMN `holders`;
--> statement-breakpoint
ALTER TABLE `merges` DROP COLUMN `is_told`;
--> statement-breakpoint
-- The read model of each identity: its states, packed. Wide ones stand in pages of their own.
ALTER TABLE `identities` ADD `projected_ts` real DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE `identities` ADD `profile` text;
--> statement-breakpoint
CREATE TABLE `profile_pages` (
	`identity_uuid` text NOT NULL,
	`page` integer NOT NULL,
	`projected_ts` real NOT NULL,
	`body` text NOT NULL,
	PRIMARY KEY(`identity_uuid`, `page`)
) WITHOUT ROWID;
--> statement-breakpoint
-- Anybody may ask for health, which counts these letters.
CREATE INDEX `dead_letters_unpublishable` ON `dead_letters` (`id`) WHERE `code` = 'unpublishable';
--> statement-breakpoint
-- Sums over stretches of the event history, and the totals of the overview page, kept up by the cron of every minute.
CREATE TABLE `event_sums` (
	`first_cursor` integer PRIMARY KEY NOT NULL,
	`last_cursor` integer NOT NULL,
	`event_count` integer NOT NULL,
	`sums` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `overview` (
	`id` integer PRIMARY KEY NOT NULL,
	`last_cursor` integer NOT NULL,
	`updated_ts` real NOT NULL,
	`counted_ts` real NOT NULL,
	`totals` text
);
