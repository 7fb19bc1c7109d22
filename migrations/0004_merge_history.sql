DROP INDEX `merges_by_loser`;--> statement-breakpoint
ALTER TABLE `merges` ADD `undone_ts` real;--> statement-breakpoint
ALTER TABLE `merges` ADD `is_told` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX `merges_by_winner` ON `merges` (`winner_uuid`);--> statement-breakpoint
CREATE UNIQUE INDEX `merges_by_loser` ON `merges` (`loser_uuid`) WHERE undone_ts IS NULL;