-- The observations of a session are stored in one row. A job moves those that are stored already (in `observation_rows` from now on)
-- into such rows, because they are encoded.
CREATE TABLE `sessions` (
	`id` integer PRIMARY KEY NOT NULL,
	`version` integer NOT NULL,
	`size` integer NOT NULL,
	`is_full` integer NOT NULL,
	`first_ts` real NOT NULL,
	`last_ts` real NOT NULL,
	`body` blob NOT NULL
);
--> statement-breakpoint
DROP TRIGGER `observation_replaced`;
--> statement-breakpoint
ALTER TABLE `observations` RENAME TO `observation_rows`;
--> statement-breakpoint
INSERT INTO `jobs` (`kind`, `subject`, `state`, `due_ts`)
SELECT 'pack_observations', '', json_object('packed', 0), 0 WHERE EXISTS (SELECT 1 FROM `observation_rows`);
--> statement-breakpoint
-- Attackers get a number, which is the first part of the key of their session rows.
CREATE TABLE `numbered_attackers` (
	`number` integer PRIMARY KEY NOT NULL,
	`uuid` text NOT NULL,
	`identity_uuid` text,
	`link_version` integer DEFAULT 0 NOT NULL,
	`needs_backfill` integer DEFAULT false NOT NULL,
	`ip` text,
	`first_seen_ts` real,
	`last_seen_ts` real
);
--> statement-breakpoint
INSERT INTO `numbered_attackers` (`uuid`, `identity_uuid`, `link_version`, `needs_backfill`, `ip`, `first_seen_ts`, `last_seen_ts`)
SELECT `uuid`, `identity_uuid`, `link_version`, `needs_backfill`, `ip`, `first_seen_ts`, `last_seen_ts` FROM `attackers` ORDER BY `uuid`;
--> statement-breakpoint
DROP TABLE `attackers`;
--> statement-breakpoint
ALTER TABLE `numbered_attackers` RENAME TO `attackers`;
--> statement-breakpoint
CREATE UNIQUE INDEX `attackers_by_uuid` ON `attackers` (`uuid`);
--> statement-breakpoint
CREATE INDEX `attackers_by_identity` ON `attackers` (`identity_uuid`);
--> statement-breakpoint
CREATE INDEX `attackers_by_backfill` ON `attackers` (`identity_uuid`) WHERE needs_backfill = 1;
--> statement-breakpoint
-- The triggers of the table, as before.
CREATE TRIGGER `identity_of_new_attacker` AFTER INSERT ON `attackers` WHEN NEW.`identity_uuid` IS NOT NULL
BEGIN
	INSERT INTO `identities` (`uuid`) VALUES (NEW.`identity_uuid`) ON CONFLICT DO NOTHING;
END;
--> statement-breakpoint
CREATE TRIGGER `identity_of_linked_attacker` AFTER UPDATE OF `identity_uuid` ON `attackers` WHEN NEW.`identity_uuid` IS NOT NULL
BEGIN
	INSERT INTO `identities` (`uuid`) VALUES (NEW.`identity_uuid`) ON CONFLICT DO NOTHING;
END;
--> statement-breakpoint
CREATE TRIGGER `identity_left_empty` AFTER UPDATE OF `identity_uuid` ON `attackers` WHEN OLD.`identity_uuid` <> NEW.`identity_uuid`
BEGIN
	DELETE FROM `identities` WHERE `uuid` = OLD.`identity_uuid` AND `last_seq` = 0 AND `merged_into_uuid` IS NULL
		AND NOT EXISTS (SELECT 1 FROM `attackers` WHERE `identity_uuid` = OLD.`identity_uuid`)
		AND NOT EXISTS (SELECT 1 FROM `merges` WHERE `winner_uuid` = OLD.`identity_uuid`);
END;
--> statement-breakpoint
CREATE TRIGGER `attacker_left_identity` AFTER UPDATE OF `identity_uuid` ON `attackers` WHEN OLD.`identity_uuid` <> NEW.`identity_uuid`
BEGIN
	INSERT INTO `former_links` (`attacker_uuid`, `identity_uuid`) VALUES (OLD.`uuid`, OLD.`identity_uuid`) ON CONFLICT DO NOTHING;
END;
--> statement-breakpoint
-- A number may be given again, so nothing may be left under it.
CREATE TRIGGER `attacker_gone` AFTER DELETE ON `attackers`
BEGIN
	DELETE FROM `sessions` WHERE `id` >= OLD.`number` * 4294967296 AND `id` < (OLD.`number` + 1) * 4294967296;
END;
--> statement-breakpoint
-- Events are stored in pages from now on; a row of before is a page of one event.
ALTER TABLE `events` ADD `size` integer DEFAULT 1 NOT NULL;
--> statement-breakpoint
ALTER TABLE `events` ADD `last_ts` real;
--> statement-breakpoint
-- An identity whose profile was never written gets its states from here, because the table below is not read by identity any more.
-- The sweep writes the whole profile.
UPDATE `identities` SET `is_dirty` = 1, `mark_version` = `mark_version` + 1, `profile` = json_object('seq', `last_seq`,
	'policies', json('[""]'), 'states', (SELECT json_group_array(json_array(`primitive`, `state`, 'null', 0, 0, 0, 0, 0))
		FROM (SELECT `primitive`, `state` FROM `attributions` WHERE `identity_uuid` = `uuid` ORDER BY `primitive`)), 'pages', 0)
WHERE `profile` IS NULL AND EXISTS (SELECT 1 FROM `attributions` WHERE `identity_uuid` = `uuid`);
--> statement-breakpoint
-- One row per state, in the order of the lists, instead of a row and an entry of an index.
CREATE TABLE `ordered_attributions` (
	`state` text NOT NULL,
	`primitive` text NOT NULL,
	`identity_uuid` text NOT NULL,
	`seq` integer NOT NULL,
	PRIMARY KEY(`state`, `primitive`, `identity_uuid`)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `ordered_attributions` (`state`, `primitive`, `identity_uuid`, `seq`)
SELECT `state`, `primitive`, `identity_uuid`, `seq` FROM `attributions` ORDER BY 1, 2, 3;
--> statement-breakpoint
DROP TABLE `attributions`;
--> statement-breakpoint
ALTER TABLE `ordered_attributions` RENAME TO `attributions`;
