-- What the last profile says of an identity's evidence: E, its last proven change, the last published estimate of operators.
ALTER TABLE `identities` ADD `evidence_e` real;--> statement-breakpoint
ALTER TABLE `identities` ADD `evidence_changed_ts` real;--> statement-breakpoint
ALTER TABLE `identities` ADD `operators` integer;--> statement-breakpoint
-- For lists and counts. Each holds only the identities of its condition, so most writes of a profile write none of them.
CREATE INDEX `identities_by_proven_change` ON `identities` (`evidence_changed_ts`,`uuid`) WHERE evidence_changed_ts IS NOT NULL AND merged_into_uuid IS NULL;--> statement-breakpoint
CREATE INDEX `identities_by_operators` ON `identities` (`operators`,`uuid`) WHERE operators > 1 AND merged_into_uuid IS NULL;--> statement-breakpoint
CREATE INDEX `identities_by_e` ON `identities` (`evidence_e`,`uuid`) WHERE evidence_e >= 3.125 AND merged_into_uuid IS NULL;
