-- By hand: the secret of the draws of evidence, for deployments without EVIDENCE_SECRET. Only that of the first database is read.
-- It is made once and kept: with another one every series would start anew.
INSERT INTO `control` (`name`, `value`) VALUES ('evidence_secret', lower(hex(randomblob(32)))) ON CONFLICT DO NOTHING;
