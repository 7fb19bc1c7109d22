-- The read model of each identity: its states, packed. Wide ones stand in pages of their own.
ALTER TABLE `identities` ADD `projected_ts` real DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `identities` ADD `profile` text;--> statement-breakpoint
CREATE TABLE `profile_pages` (
	`identity_uuid` text NOT NULL,
	`page` integer NOT NULL,
	`projected_ts` real NOT NULL,
	`body` text NOT NULL,
	PRIMARY KEY(`identity_uuid`, `page`)
) WITHOUT ROWID;
