CREATE TABLE `stream_tickets` (
	`expires_ts` real NOT NULL,
	`hash` text NOT NULL,
	`scope` text NOT NULL,
	PRIMARY KEY(`expires_ts`, `hash`)
) WITHOUT ROWID;
