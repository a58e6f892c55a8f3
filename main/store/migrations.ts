/**
 * Forward steps of the local store, in order; the position is the version. A step that has been released is never
 * edited: add another one, and a test that starts from the version before it.
 */
export const migrations: readonly string[] = [
  /* 1 */ `
  CREATE TABLE hosts (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('local', 'ssh')),
    name TEXT NOT NULL
  ) STRICT;

  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

  CREATE TABLE forms (
    family TEXT NOT NULL,
    panel TEXT NOT NULL,
    host TEXT NOT NULL,
    form_values TEXT NOT NULL,
    PRIMARY KEY (family, panel, host)
  ) STRICT;

  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    host TEXT NOT NULL,
    request TEXT NOT NULL,
    plan TEXT NOT NULL,
    origin TEXT,
    state TEXT NOT NULL,
    is_stopping INTEGER NOT NULL DEFAULT 0,
    steps TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;

  CREATE TABLE journals (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    step TEXT NOT NULL,
    last_entry INTEGER NOT NULL,
    PRIMARY KEY (run, step)
  ) STRICT;

  CREATE TABLE metrics (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    step TEXT NOT NULL,
    n INTEGER NOT NULL,
    at REAL NOT NULL,
    point TEXT NOT NULL,
    PRIMARY KEY (run, step, n)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE artifacts (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    passport TEXT,
    run TEXT,
    parents TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE chats (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    host TEXT NOT NULL,
    checkpoint TEXT NOT NULL,
    parameters TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE chat_messages (
    chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    tokens_per_second REAL,
    is_partial INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chat, position)
  ) STRICT, WITHOUT ROWID;
  `,
  /* 2 */ `
  CREATE TABLE npu_points (
    host TEXT NOT NULL,
    level INTEGER NOT NULL,
    at INTEGER NOT NULL,
    npu INTEGER NOT NULL,
    chip INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    aicore_sum REAL NOT NULL,
    aicore_max REAL NOT NULL,
    hbm_used_sum REAL NOT NULL,
    hbm_used_max REAL NOT NULL,
    hbm_total REAL NOT NULL,
    temp_sum REAL NOT NULL,
    temp_max REAL NOT NULL,
    power_sum REAL NOT NULL,
    power_max REAL NOT NULL,
    PRIMARY KEY (host, level, at, npu, chip)
  ) STRICT, WITHOUT ROWID;
  `,
  /* 3 */ `
  CREATE TABLE ssh_hosts (
    host TEXT PRIMARY KEY REFERENCES hosts (id) ON DELETE CASCADE,
    settings TEXT NOT NULL,
    tags TEXT NOT NULL,
    is_automatic INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  `,
  /* 4 */ `
  CREATE TABLE forwards (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    settings TEXT NOT NULL
  ) STRICT;
  `,
  /* 5 */ `
  CREATE TABLE transfers (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    transfer_order TEXT NOT NULL,
    view TEXT NOT NULL,
    names TEXT NOT NULL
  ) STRICT;

  CREATE TABLE transfer_files (
    transfer TEXT NOT NULL REFERENCES transfers (id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    is_skipped INTEGER NOT NULL,
    PRIMARY KEY (transfer, target)
  ) STRICT, WITHOUT ROWID;
  `,
  /* 6 */ `
  CREATE TABLE npu_live (host TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;

  CREATE TABLE npu_gaps (
    host TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    to_at INTEGER NOT NULL,
    PRIMARY KEY (host, from_at)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE npu_cursors (host TEXT PRIMARY KEY, epoch TEXT NOT NULL, last INTEGER NOT NULL) STRICT;
  `,
]
