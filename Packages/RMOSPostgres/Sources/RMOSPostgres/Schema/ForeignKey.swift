import RMOSModels
import RMOSStore

extension PostgresLayout {
  /// A foreign key.
  struct ForeignKey: Sendable {
    /// What becomes of a referencing row if the referenced row is deleted.
    enum Action: Sendable {
      /// The deletion fails.
      case refuses
      /// The referencing row is deleted.
      case deletes
      /// The referencing row is changed.
      case changes
    }

    /// A column, and the one that it references.
    struct Column: Sendable {
      var own: String
      var target: String
      /// The operator that compares the referenced column with this one, with its schema.
      var comparison: String
      /// A COLLATE clause for the comparison; empty if the collations are the same.
      var collation: String
      var isNotNull: Bool
      /// Whether deleting the referenced row sets the column.
      var isSet: Bool
      /// The literal that ON DELETE SET DEFAULT sets the column to; `nil` if it sets NULL.
      var literal: String?
      /// Whether ON DELETE SET DEFAULT evaluates an expression.
      var isComputed: Bool
    }

    var name: String
    var table: String
    /// The table with its schema, quoted where needed.
    var qualifiedTable: String
    /// Whether the table is in the schema of the store.
    var isInHome: Bool
    /// The FROM item of the table.
    ///
    /// The rows of its partitions have the key, those of other tables that inherit from it do not.
    var source: String
    /// Whether the role may read all rows of the table.
    var isReadable: Bool
    /// The name of the referenced table; with its schema, if that is not the store's.
    var target: String
    /// The FROM item of the referenced table.
    var targetSource: String
    /// Whether the role may read all rows of the referenced table.
    var hasReadableTarget: Bool
    /// pg_constraint.confdeltype.
    var onDelete: String
    /// pg_constraint.confupdtype.
    var onUpdate: String
    /// Whether an index finds the rows that reference another.
    var isIndexed: Bool
    /// Whether it repeats the key of a partitioned table for one of its partitions.
    var isOfPartition: Bool
    /// The columns.
    var columns: [Column] = []

    /// The name of the table; with its schema, if that is not the store's.
    var displayName: String { isInHome ? table : qualifiedTable }

    /// The only column; `nil` if there are several.
    var column: Column? { columns.count == 1 ? columns[0] : nil }

    /// What becomes of a referencing row.
    var action: Action {
      switch onDelete {
      case "c": return .deletes
      case "n", "d":
        let fails = columns.contains {
          $0.isSet && ($0.isComputed || $0.isNotNull && $0.literal == nil)
        }
        return fails ? .refuses : .changes
      default: return .refuses
      }
    }

    /// Whether the referenced columns of a row with references cannot be changed.
    ///
    /// Whether a row has the values that ON UPDATE SET DEFAULT sets is not looked for.
    var refusesUpdates: Bool {
      switch onUpdate {
      case "c", "d": false
      case "n": columns.contains(where: \.isNotNull)
      default: true
      }
    }

    /// Whether a row that is changed references another row afterwards.
    var refersToDefault: Bool {
      action == .changes && columns.allSatisfy { !$0.isSet || $0.literal != nil }
    }

    /// Returns the condition that the row with the alias `own` references the row with the alias
    /// `target`; with `byDefault`, that it does so after it is changed.
    func join(_ own: String, _ target: String, byDefault: Bool = false) -> String {
      columns.map { column in
        let value =
          (byDefault && column.isSet ? column.literal : nil)
          ?? "\(own).\(SQL.quoted(column.own))"
        return "\(target).\(SQL.quoted(column.target))\(column.collation) \(column.comparison) "
          + value
      }.joined(separator: " AND ")
    }

    /// Whether it is a reference of one of the kinds, which are looked for as such.
    func isReference(_ catalog: EntityCatalog) -> Bool {
      guard isInHome, let column, column.target == "id",
        let schema = catalog.kinds.first(where: { $0.table == table })?.schema
      else { return false }
      return schema.references.contains { reference in
        reference.target.table == target && schema.fields[reference.field].column == column.own
      }
    }
  }
}

extension PostgresLayout.ForeignKey {
  /// Returns the foreign keys of tables of the schema `home`, whose `names` are an array in text
  /// form, and those of other tables that reference them.
  static func all(
    of names: String, _ connection: PostgresConnection, home: String
  ) throws(StoreError) -> [Self] {
    try select(
      "(n.nspname = $2 AND c.relname = ANY ($1) OR m.nspname = $2 AND f.relname = ANY ($1))",
      names, connection, home: home)
  }

  /// Returns the foreign keys that reference tables of the schema `home`, or tables whose rows are
  /// deleted with rows of these (`ON DELETE CASCADE`).
  static func reaching(
    _ names: String, _ connection: PostgresConnection, home: String
  ) throws(StoreError) -> [Self] {
    // The keys of partitions repeat those of the partitioned table. A key may also be one of a
    // partition alone, or reference a partition alone.
    try select(
      """
      o.conparentid = 0 AND o.confrelid IN (WITH RECURSIVE reached (oid) AS (
        SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $2 AND c.relname = ANY ($1)
        UNION SELECT x.oid FROM reached r CROSS JOIN LATERAL (
          SELECT o.conrelid AS oid FROM pg_constraint o
          WHERE o.confrelid = r.oid AND o.contype = 'f' AND o.confdeltype = 'c'
          UNION ALL SELECT i.inhrelid FROM pg_inherits i
          JOIN pg_class p ON p.oid = i.inhparent AND p.relkind = 'p' WHERE i.inhparent = r.oid
          UNION ALL SELECT i.inhparent FROM pg_inherits i
          JOIN pg_class p ON p.oid = i.inhparent AND p.relkind = 'p' WHERE i.inhrelid = r.oid) x)
        SELECT oid FROM reached)
      """, names, connection, home: home)
  }

  private static func select(
    _ condition: String, _ names: String, _ connection: PostgresConnection, home: String
  ) throws(StoreError) -> [Self] {
    // Newer servers have the columns confdelsetcols (15) and conenforced (18).
    let result = try connection.query(
      #"""
      SELECT k.number, o.conname, c.relname, format('%I.%I', n.nspname, c.relname), n.nspname = $2,
        CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || format('%I.%I', n.nspname, c.relname),
        has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
          AND NOT row_security_active(c.oid),
        CASE WHEN m.nspname = $2 THEN f.relname ELSE format('%I.%I', m.nspname, f.relname) END,
        CASE f.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || format('%I.%I', m.nspname, f.relname),
        has_schema_privilege(m.oid, 'USAGE') AND has_table_privilege(f.oid, 'SELECT')
          AND NOT row_security_active(f.oid),
        o.confdeltype, a.attname, b.attname, format('OPERATOR(%I.%s)', s.nspname, p.oprname),
        CASE WHEN l.oid IS NULL THEN '' ELSE format(' COLLATE %I.%I', (SELECT x.nspname
          FROM pg_namespace x WHERE x.oid = l.collnamespace), l.collname) END,
        a.attnotnull OR t.typnotnull,
        o.confdeltype IN ('n', 'd') AND (coalesce(jsonb_typeof(j.row -> 'confdelsetcols'), 'null')
          = 'null' OR j.row -> 'confdelsetcols' @> to_jsonb(k.own)),
        CASE WHEN e.isliteral THEN e.text END, coalesce(NOT e.isliteral, false),
        EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid
          AND i.indpred IS NULL AND (i.indkey::int2[])[0:cardinality(o.conkey) - 1] @> o.conkey),
        o.confupdtype, o.conparentid <> 0
      FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
      JOIN pg_class f ON f.oid = o.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_namespace m ON m.oid = f.relnamespace
      CROSS JOIN LATERAL (SELECT to_jsonb(o) AS row) j
      CROSS JOIN LATERAL unnest(o.conkey, o.confkey, o.conpfeqop) WITH ORDINALITY
        AS k(own, target, operator, number)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.own
      JOIN pg_attribute b ON b.attrelid = f.oid AND b.attnum = k.target
      JOIN pg_type t ON t.oid = a.atttypid
      JOIN pg_operator p ON p.oid = k.operator JOIN pg_namespace s ON s.oid = p.oprnamespace
      LEFT JOIN pg_collation l ON l.oid = b.attcollation AND a.attcollation <> b.attcollation
      LEFT JOIN LATERAL (SELECT x.text, x.text ~
          '^\(?(''([^'']|'''')*''|-?[0-9.]+)\)?(::[a-z0-9 "().]+)?$' AS isliteral
        FROM pg_attrdef d, pg_get_expr(d.adbin, d.adrelid) AS x(text)
        WHERE d.adrelid = c.oid AND d.adnum = k.own AND o.confdeltype = 'd'
          AND x.text !~ '^NULL(::|$)') e ON true
      WHERE o.contype = 'f' AND coalesce((j.row ->> 'conenforced')::boolean, true)
      """# + " AND \(condition) ORDER BY c.relname, o.conname, o.oid, k.number", [names, home])
    var keys: [Self] = []
    for row in result.rows {
      if row.count(at: 0) == 1 {
        keys.append(
          Self(
            name: row.string(at: 1), table: row.string(at: 2), qualifiedTable: row.string(at: 3),
            isInHome: row.isTrue(at: 4), source: row.string(at: 5), isReadable: row.isTrue(at: 6),
            target: row.string(at: 7), targetSource: row.string(at: 8),
            hasReadableTarget: row.isTrue(at: 9), onDelete: row.string(at: 10),
            onUpdate: row.string(at: 20), isIndexed: row.isTrue(at: 19),
            isOfPartition: row.isTrue(at: 21)))
      }
      keys[keys.count - 1].columns.append(
        Column(
          own: row.string(at: 11), target: row.string(at: 12), comparison: row.string(at: 13),
          collation: row.string(at: 14), isNotNull: row.isTrue(at: 15), isSet: row.isTrue(at: 16),
          literal: row.text(at: 17), isComputed: row.isTrue(at: 18)))
    }
    return keys
  }
}
