import Testing

@testable import rmos_postgres

struct OpenerTests {
  @Test(arguments: [
    ("db.example/shop?user=rmos&password=p@ss", "db.example/shop?user=rmos"),
    ("db:5433/shop?user=rmos&password=p@ss", "db:5433/shop?user=rmos"),
    ("db.example?user=rmos&password=p@ss", "db.example?user=rmos"),
    ("db:5433?user=rmos&password=p@ss", "db"),
    ("?user=rmos&password=p@ss", "?user=rmos"),
    ("/shop?password=p@ss&sslmode=require", "/shop?sslmode=require"),
    ("rmos@db/shop?sslpassword=p@ss&host=/run", "rmos@db/shop?host=/run"),
    ("db/shop?passwor%64=p@ss", "db/shop"),
    ("rmos:p@db.example:5433/shop", "rmos@db.example:5433/shop"),
    ("rmos:p@ss@db/shop?options=-csearch_path%3Drmos", "rmos@db/shop?options=-csearch_path%3Drmos"),
    ("rmos:p/ss@db/shop", "rmos@db/shop"),
    ("rmos:p?ss@db/shop?sslmode=require", "rmos@db/shop?sslmode=require"),
    ("rmos:p?s=s@db/shop?sslmode=require", "rmos"),
    ("rmos:p/s?s@db/shop", "rmos"),
    ("rmos:p", "rmos"),
    ("one:5432,two:5433/shop", "one:5432,two:5433/shop"),
    ("[::1]:5432/shop", "[::1]:5432/shop"),
    ("/shop", "/shop"),
  ])
  func aPasswordIsNotShown(_ rest: String, _ shown: String) {
    for scheme in ["postgresql://", "postgres://"] {
      #expect(PostgresOpener().shown(scheme + rest) == scheme + shown)
    }
  }
}
