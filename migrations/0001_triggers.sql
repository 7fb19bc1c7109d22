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
-- An identity that loses its last attacker before anything was said of it goes with the link.
CREATE TRIGGER `identity_left_empty` AFTER UPDATE OF `identity_uuid` ON `attackers` WHEN OLD.`identity_uuid` <> NEW.`identity_uuid`
BEGIN
	DELETE FROM `identities` WHERE `uuid` = OLD.`identity_uuid` AND `last_seq` = 0
		AND NOT EXISTS (SELECT 1 FROM `attackers` WHERE `identity_uuid` = OLD.`identity_uuid`);
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
