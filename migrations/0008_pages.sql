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
