-- The streams that a commit appended to, as a JSON array, beside the keys that it wrote: what changed since a version
-- is read from here, and need not be looked for in a journal that grows for ever.
ALTER TABLE commits ADD COLUMN streams TEXT NOT NULL DEFAULT '[]';
UPDATE commits SET streams = found.streams
  FROM (SELECT version, json_group_array(DISTINCT stream ORDER BY stream) AS streams FROM journal GROUP BY version) AS found
  WHERE found.version = commits.version;
