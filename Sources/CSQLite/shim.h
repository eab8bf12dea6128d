#pragma once
#include <sqlite3.h>

// Functions with a variable number of arguments, which Swift cannot call.

/// Has a connection enforce foreign keys, or not, even within a transaction:
/// `sqlite3_db_config`, `SQLITE_DBCONFIG_ENABLE_FKEY`.
static inline int rmos_sqlite3_enforce_foreign_keys(sqlite3 *db, int enforces) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, enforces, (int *)0);
}

/// Has a connection leave the log as it is when it closes, even if it is the last one:
/// `sqlite3_db_config`, `SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE`.
static inline int rmos_sqlite3_keep_log_on_close(sqlite3 *db) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

/// Has the library not count the memory it uses, which takes a lock for every allocation:
/// `sqlite3_config`, `SQLITE_CONFIG_MEMSTATUS`.
static inline int rmos_sqlite3_omit_memory_statistics(void) {
  return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
