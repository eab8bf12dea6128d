// The limit of a migration on this machine, as a yardstick: walks a tree, reads each file, finds
// the top-level members of its JSON object, and inserts their raw values with one prepared
// statement in one transaction. Nothing is validated.
// build: gcc -O3 limit.c -lsqlite3 -o limit
// run:   limit SOURCE_DIR NEW.db schema.sql
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sqlite3 *db;
static sqlite3_stmt *st;
static int kind;
static long n;
static char buf[1 << 24];

typedef struct { const char *name; int json; } Col;
static const Col cols[3][12] = {
    {{"id"}, {"name"}, {"strip_width_mm"}, {"strip_thickness_mm"}, {"material_type"}, {"strips", 1}, {"created_at"}, {"updated_at"}, {"metadata", 1}},
    {{"id"}, {"name"}, {"ring_count"}, {"geometry", 1}, {"strip_family_id"}, {"created_at"}, {"updated_at"}, {"metadata", 1}},
    {{"id"}, {"job_type"}, {"pattern_id"}, {"strip_family_id"}, {"status"}, {"start_time"}, {"end_time"}, {"duration_seconds"}, {"parameters", 1}, {"results", 1}, {"created_at"}, {"updated_at"}}};
static const char *dirs[] = {"strip_families", "patterns", "joblogs"};
static const char *ins[] = {
    "INSERT INTO strip_families(id,name,strip_width_mm,strip_thickness_mm,material_type,strips_json,created_at,updated_at,metadata_json) VALUES(?,?,?,?,?,?,?,?,?)",
    "INSERT INTO patterns(id,name,ring_count,geometry_json,strip_family_id,created_at,updated_at,metadata_json) VALUES(?,?,?,?,?,?,?,?)",
    "INSERT INTO joblogs(id,job_type,pattern_id,strip_family_id,status,start_time,end_time,duration_seconds,parameters_json,results_json,created_at,updated_at) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"};

static const char *string_end(const char *p) { for (p++; *p != '"'; p++) if (*p == '\\') p++; return p + 1; }
static const char *value_end(const char *p) {
    if (*p == '"') return string_end(p);
    if (*p != '{' && *p != '[') { while (*p != ',' && *p != '}' && *p != ']' && *p > ' ') p++; return p; }
    int depth = 0;
    for (;;) {
        if (*p == '"') { p = string_end(p); continue; }
        if (*p == '{' || *p == '[') depth++;
        else if ((*p == '}' || *p == ']') && --depth == 0) return p + 1;
        p++;
    }
}
static int one(const char *path, const struct stat *sb, int t, struct FTW *f) {
    size_t L = strlen(path);
    if (t != FTW_F || L < 5 || strcmp(path + L - 5, ".json")) return 0;
    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, buf, sizeof buf - 1);
    close(fd);
    buf[len] = 0;
    sqlite3_clear_bindings(st);
    const char *p = strchr(buf, '{') + 1;
    while ((p = strchr(p, '"'))) {
        const char *k = p + 1, *e = string_end(p) - 1;
        p = e + 1;
        while (*p == ':' || *p <= ' ') p++;
        const char *v = p;
        p = value_end(p);
        for (int i = 0; i < 12 && cols[kind][i].name; i++)
            if (strlen(cols[kind][i].name) == (size_t)(e - k) && !memcmp(cols[kind][i].name, k, e - k)) {
                if (cols[kind][i].json) sqlite3_bind_text(st, i + 1, v, p - v, SQLITE_STATIC);
                else if (*v == '"') sqlite3_bind_text(st, i + 1, v + 1, p - v - 2, SQLITE_STATIC);
                else if (*v != 'n') sqlite3_bind_double(st, i + 1, strtod(v, 0));
                break;
            }
        while (*p && *p != ',' && *p != '}') p++;
        if (*p == '}') break;
    }
    if (sqlite3_step(st) != SQLITE_DONE) { fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db)); exit(1); }
    sqlite3_reset(st);
    n++;
    return 0;
}
static void x(const char *s) { char *e = 0; if (sqlite3_exec(db, s, 0, 0, &e)) { fprintf(stderr, "%s\n", e); exit(1); } }
int main(int c, char **v) {
    char path[4096], *sql = calloc(1, 1 << 16);
    sqlite3_open(v[2], &db);
    x("PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;");
    FILE *f = fopen(v[3], "r");
    if (!f || !fread(sql, 1, (1 << 16) - 1, f)) return 1;
    x(sql);
    x("BEGIN");
    for (kind = 0; kind < 3; kind++) {
        sqlite3_prepare_v2(db, ins[kind], -1, &st, 0);
        snprintf(path, sizeof path, "%s/%s", v[1], dirs[kind]);
        nftw(path, one, 64, FTW_PHYS);
        sqlite3_finalize(st);
    }
    x("COMMIT");
    sqlite3_close(db);
    printf("%ld\n", n);
}
