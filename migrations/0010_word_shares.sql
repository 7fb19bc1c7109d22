-- How often each word of commands was used, over all identities.
CREATE TABLE `word_shares` (
	`slot` text PRIMARY KEY NOT NULL,
	`stamp` text NOT NULL,
	`started_ts` real NOT NULL,
	`version` integer NOT NULL,
	`shard` integer NOT NULL,
	`after_id` text NOT NULL,
	`all_uses` integer NOT NULL,
	`words` text NOT NULL
) WITHOUT ROWID;
