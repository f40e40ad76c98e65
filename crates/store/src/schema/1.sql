-- Every commit, and the keys that it wrote or deleted, as a JSON array. The last one is the present.
CREATE TABLE commits (
  version INTEGER PRIMARY KEY CHECK (version >= 1),
  keys    TEXT    NOT NULL
) STRICT;

-- History before the version `floor` was collected.
CREATE TABLE state (
  only  INTEGER PRIMARY KEY CHECK (only = 1),
  floor INTEGER NOT NULL CHECK (floor >= 0)
) STRICT;
INSERT INTO state VALUES (1, 0);

-- Every version of every document. `value` is JSON; NULL means: deleted by that commit.
CREATE TABLE versions (
  key     TEXT    NOT NULL,
  version INTEGER NOT NULL,
  value   TEXT,
  PRIMARY KEY (key, version)
) STRICT, WITHOUT ROWID;

-- The documents as they are now: for people with the sqlite3 program.
CREATE VIEW documents AS
  SELECT key, version, value FROM versions AS v
  WHERE value IS NOT NULL
    AND version = (SELECT max(version) FROM versions AS w WHERE w.key = v.key);

-- The events, a chain a stream: each record carries the hash of the one before. `version` is its commit.
CREATE TABLE journal (
  stream  TEXT    NOT NULL,
  seq     INTEGER NOT NULL CHECK (seq >= 1),
  version INTEGER NOT NULL,
  at_ms   INTEGER NOT NULL,
  kind    TEXT    NOT NULL,
  payload TEXT    NOT NULL,
  prev    BLOB    NOT NULL CHECK (length(prev) = 32),
  hash    BLOB    NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (stream, seq)
) STRICT;

-- The last record of each stream, kept apart so that a cut-off chain is seen.
CREATE TABLE heads (
  stream TEXT    PRIMARY KEY,
  seq    INTEGER NOT NULL,
  hash   BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT, WITHOUT ROWID;
