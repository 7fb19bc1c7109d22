CREATE TABLE `attackers` (
	`uuid` text PRIMARY KEY NOT NULL,
	`identity_uuid` text,
	`link_version` integer DEFAULT 0 NOT NULL,
	`needs_backfill` integer DEFAULT false NOT NULL,
	`ip` text,
	`first_seen_ts` real,
	`last_seen_ts` real
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `attackers_by_identity` ON `attackers` (`identity_uuid`);--> statement-breakpoint
CREATE TABLE `attributions` (
	`identity_uuid` text NOT NULL,
	`primitive` text NOT NULL,
	`state` text NOT NULL,
	`seq` integer NOT NULL,
	PRIMARY KEY(`identity_uuid`, `primitive`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `counters` (
	`name` text PRIMARY KEY NOT NULL,
	`value` integer DEFAULT 0 NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `dead_letters` (
	`id` text PRIMARY KEY NOT NULL,
	`code` text NOT NULL,
	`field` text NOT NULL,
	`detail` text NOT NULL,
	`attempts` integer NOT NULL,
	`received_ts` real NOT NULL,
	`body` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `events` (
	`cursor` integer PRIMARY KEY NOT NULL,
	`identity_uuid` text NOT NULL,
	`seq` integer NOT NULL,
	`event` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `events_by_identity` ON `events` (`identity_uuid`,`seq`);--> statement-breakpoint
CREATE TABLE `identities` (
	`uuid` text PRIMARY KEY NOT NULL,
	`last_seq` integer DEFAULT 0 NOT NULL,
	`last_change_ts` real,
	`suspected` text
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `identities_by_change` ON `identities` (`last_change_ts`,`uuid`);--> statement-breakpoint
CREATE TABLE `observations` (
	`attacker_uuid` text NOT NULL,
	`primitive` text NOT NULL,
	`evidence_ref` text NOT NULL,
	`id` text NOT NULL,
	`value` text NOT NULL,
	`ts` real NOT NULL,
	`confidence` real NOT NULL,
	`window_start_ts` real NOT NULL,
	`window_end_ts` real NOT NULL,
	`source` text NOT NULL,
	`identity_ref` text,
	`is_unlisted` integer DEFAULT false NOT NULL,
	PRIMARY KEY(`attacker_uuid`, `primitive`, `evidence_ref`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `outbox_backlog` (
	`identity_uuid` text PRIMARY KEY NOT NULL,
	`pending` integer NOT NULL,
	`oldest_ts` real NOT NULL
) WITHOUT ROWID;
