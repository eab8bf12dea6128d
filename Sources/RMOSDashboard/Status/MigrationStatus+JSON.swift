import RMOSAudit
import RMOSModels

extension MigrationStatus {
  /// The status as the HTTP interface answers it.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.status(self)
    return writer.text
  }
}

extension JSONWriter {
  /// Writes the status as one object.
  mutating func status(_ status: MigrationStatus) {
    object {
      $0.member("success", true)
      $0.member("migration_status") {
        $0.object {
          $0.member("last_migration", status.database.lastMigration)
          $0.member("database_location", status.database.location)
          $0.member("database_size_mb", status.database.sizeMB)
          $0.member("schema_version", status.database.schemaVersion)
          $0.member("schema_applied_at", status.database.schemaAppliedAt)
        }
      }
      $0.member("entity_counts") {
        $0.object {
          $0.counts(status.entityCounts)
          $0.member("total", status.entityCounts.total)
        }
      }
      $0.member("recent_entities") { $0.recent(status.recentEntities) }
      $0.member("validation") { writer in
        writer.object { status.validation.writeMembers(to: &$0) }
      }
      if let run = status.currentRun { $0.member("current_run") { $0.currentRun(run) } }
    }
  }

  /// Writes the counts as members.
  mutating func counts(_ counts: MigrationStatus.EntityCounts) {
    member("patterns", counts.patterns)
    member("strip_families", counts.stripFamilies)
    member("joblogs", counts.joblogs)
  }

  private mutating func recent(_ recent: MigrationStatus.RecentEntities) {
    object { writer in
      for (name, entities) in [
        ("patterns", recent.patterns), ("strip_families", recent.stripFamilies),
      ] {
        writer.member(name) {
          $0.array {
            for entity in entities {
              $0.object {
                $0.member("id", entity.id)
                $0.member("name", entity.name)
                $0.member("created_at", entity.createdAt)
              }
            }
          }
        }
      }
      writer.member("joblogs") {
        $0.array {
          for job in recent.joblogs {
            $0.object {
              $0.member("id", job.id)
              $0.member("job_type", job.jobType)
              $0.member("status", job.status)
              $0.member("created_at", job.createdAt)
            }
          }
        }
      }
    }
  }

  private mutating func currentRun(_ run: MigrationStatus.CurrentRun) {
    object {
      $0.member("id", run.id)
      $0.member("started_at", run.startedAt)
      $0.member("heartbeat_at", run.heartbeatAt)
      $0.member("source", run.source)
      $0.member("found", run.found)
      $0.member("failed", run.failed)
      $0.member("seconds", run.seconds)
    }
  }
}
