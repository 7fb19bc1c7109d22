-- As before, but without the trigger on insert, for which every new row was written to a temporary table first. Unlisted
-- values are a statement of their own now, and what it changed is added to their total; a replaced one is taken off again.
DROP TRIGGER `unlisted_value_stored`;
--> statement-breakpoint
DROP TRIGGER `observation_replaced`;
--> statement-breakpoint
CREATE TRIGGER `observation_replaced` AFTER UPDATE ON `observations`
BEGIN
	UPDATE `counters` SET `value` = `value` - 1 WHERE `name` = 'observations';
	UPDATE `counters` SET `value` = `value` - 1 WHERE `name` = 'unlisted_values' AND OLD.`is_unlisted` = 1;
END;
