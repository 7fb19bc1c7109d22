-- An identity exists from the first link to it, in the statement that makes the link.
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
-- The statement after an upsert adds its changes() to the total; a replacement is a change, but no new row.
CREATE TRIGGER `observation_replaced` AFTER UPDATE ON `observations`
BEGIN
	UPDATE `counters` SET `value` = `value` - 1 WHERE `name` = 'observations';
	UPDATE `counters` SET `value` = `value` + NEW.`is_unlisted` - OLD.`is_unlisted`
		WHERE `name` = 'unlisted_values' AND NEW.`is_unlisted` <> OLD.`is_unlisted`;
END;
--> statement-breakpoint
CREATE TRIGGER `unlisted_value_stored` AFTER INSERT ON `observations` WHEN NEW.`is_unlisted` = 1
BEGIN
	UPDATE `counters` SET `value` = `value` + 1 WHERE `name` = 'unlisted_values';
END;
--> statement-breakpoint
INSERT INTO `counters` (`name`, `value`) VALUES ('observations', 0), ('unlisted_values', 0), ('ignored', 0);
