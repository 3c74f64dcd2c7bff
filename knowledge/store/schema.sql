-- The records. Chroma holds a second copy of the vectors for nearest-neighbour search; everything
-- in it can be made again from here.
CREATE TABLE IF NOT EXISTS source (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  location TEXT NOT NULL,
  doi TEXT,
  year INTEGER,
  state TEXT NOT NULL,              -- 'adding', 'ready' or 'removing'
  added TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX IF NOT EXISTS source_doi ON source (doi);
CREATE TABLE IF NOT EXISTS entry (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL REFERENCES source (id) ON DELETE CASCADE,
  record TEXT NOT NULL,             -- the entry as JSON
  year INTEGER,
  vector BLOB NOT NULL              -- 384 float16
);
CREATE INDEX IF NOT EXISTS entry_source ON entry (source);
CREATE TABLE IF NOT EXISTS fact (
  entry INTEGER NOT NULL REFERENCES entry (row) ON DELETE CASCADE,
  domain TEXT,
  material_class TEXT NOT NULL,
  working_ion TEXT,
  property TEXT,
  low REAL,                         -- of the values that the claim allows, in the canonical unit
  high REAL,
  temperature REAL,
  bulk INTEGER NOT NULL             -- 1 for data of a handbook or a program, which come in numbers
);
CREATE INDEX IF NOT EXISTS fact_entry ON fact (entry);
CREATE INDEX IF NOT EXISTS fact_value ON fact (property, low, high);
CREATE INDEX IF NOT EXISTS fact_class ON fact (material_class);
CREATE TABLE IF NOT EXISTS element (
  entry INTEGER NOT NULL REFERENCES entry (row) ON DELETE CASCADE,
  symbol TEXT NOT NULL,
  PRIMARY KEY (symbol, entry)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS element_entry ON element (entry);
CREATE TABLE IF NOT EXISTS name (
  key TEXT NOT NULL,
  entry INTEGER NOT NULL REFERENCES entry (row) ON DELETE CASCADE,
  subject INTEGER NOT NULL,         -- 1 where it names what a fact is about
  PRIMARY KEY (key, entry)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS name_entry ON name (entry);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
  text, names, tokenize = "porter unicode61 remove_diacritics 2 tokenchars '.+-_/[]'"
);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
