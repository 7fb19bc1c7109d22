-- Anybody may ask for health, which counts these letters.
CREATE INDEX `dead_letters_unpublishable` ON `dead_letters` (`id`) WHERE `code` = 'unpublishable';
