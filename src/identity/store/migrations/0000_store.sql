CREATE TABLE `attackers` (
	`uuid` text PRIMARY KEY NOT NULL,
	`link_version` integer NOT NULL,
	`is_linked` integer NOT NULL,
	`first_seen_ts` real
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `attributions` (
	`primitive` text PRIMARY KEY NOT NULL,
	`current_value` text NOT NULL,
	`state` text NOT NULL,
	`confidence` real NOT NULL,
	`observation_count` integer NOT NULL,
	`last_change_ts` real NOT NULL,
	`last_observation_ts` real NOT NULL,
	`tail` text NOT NULL,
	`policy_id` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `erased` (
	`attacker_uuid` text PRIMARY KEY NOT NULL,
	`erased_ts` real NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `hash_window` (
	`primitive` text NOT NULL,
	`value` text NOT NULL,
	`ts` real NOT NULL,
	`evidence_ref` text NOT NULL,
	`attacker_uuid` text NOT NULL,
	PRIMARY KEY(`primitive`, `value`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `hash_window_by_ts` ON `hash_window` (`primitive`,`ts`);
--> statement-breakpoint
CREATE TABLE `jobs` (
	`key` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`position` integer NOT NULL,
	`input` text,
	`progress` text,
	`revision` integer NOT NULL,
	`failures` integer NOT NULL,
	`error` text,
	`retry_ms` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `meta` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `observations` (
	`attacker_uuid` text NOT NULL,
	`primitive` text NOT NULL,
	`evidence_ref` text NOT NULL,
	`ts` real NOT NULL,
	`id` text NOT NULL,
	`value` text NOT NULL,
	PRIMARY KEY(`attacker_uuid`, `primitive`, `evidence_ref`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `outbox` (
	`seq` integer PRIMARY KEY NOT NULL,
	`due_ts` real NOT NULL,
	`event` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `staged` (
	`job_key` text NOT NULL,
	`attacker_uuid` text NOT NULL,
	`primitive` text NOT NULL,
	`evidence_ref` text NOT NULL,
	`ts` real NOT NULL,
	`id` text NOT NULL,
	`value` text NOT NULL,
	PRIMARY KEY(`job_key`, `attacker_uuid`, `primitive`, `evidence_ref`)
) WITHOUT ROWID;
