// The libraries that an application needs to migrate, read, undo and audit, in one import.

@_exported public import RMOSAudit
@_exported public import RMOSMigration
@_exported public import RMOSModels
@_exported public import RMOSStore
