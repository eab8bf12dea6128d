/// The texts of the mappings that come with the library.
enum BuiltInMappings {
  static let texts = [
    anyCase, epoch, sawRuns, artJobs, artPatterns, catalogue, ringBands, patternModel, jobLog,
  ]
  /// The names in ``texts``, in the same order: every command needs them, and parsing takes time.
  static let names = [
    "any-case", "epoch", "saw-runs", "art-jobs", "art-patterns", "catalogue", "ring-bands",
    "pattern-model", "job-log",
  ]

  private static let anyCase = """
    {
      "mapping": 1,
      "name": "any-case",
      "about": "Entities whose member names differ in case, _, - and spaces alone: patternId, Job Type, STATUS.",
      "names": "any-case",
      "strip_families": [{}],
      "patterns": [{}],
      "joblogs": [{}]
    }
    """

  private static let epoch = """
    {
      "mapping": 1,
      "name": "epoch",
      "about": "Entities whose times are numbers, or text that is a number: seconds since 1970, or milliseconds.",
      "strip_families": [
        {
          "members": {
            "created_at": {"from": "/created_at", "as": "epoch"},
            "updated_at": {"from": "/updated_at", "as": "epoch"}
          }
        }
      ],
      "patterns": [
        {
          "members": {
            "created_at": {"from": "/created_at", "as": "epoch"},
            "updated_at": {"from": "/updated_at", "as": "epoch"}
          }
        }
      ],
      "joblogs": [
        {
          "members": {
            "start_time": {"from": "/start_time", "as": "epoch"},
            "end_time": {"from": "/end_time", "as": "epoch"},
            "created_at": {"from": "/created_at", "as": "epoch"},
            "updated_at": {"from": "/updated_at", "as": "epoch"}
          }
        }
      ]
    }
    """

  private static let sawRuns = """
    {
      "mapping": 1,
      "name": "saw-runs",
      "about": "Runs of the saw, as its two earlier logs have them: with what was planned under meta, or flat.",
      "joblogs": [
        {
          "about": "Under meta: created, started and completed are times of their own.",
          "files": ["joblogs/**", "joblogs.*", "joblog.*", "**/saw_runs*.*"],
          "when": {"has": ["/run_id", "/meta/op_type"]},
          "members": {
            "id": {"from": ["/run_id", "key"]},
            "job_type": {"from": "/meta/op_type"},
            "status": {
              "from": "/status",
              "values": {
                "created": "pending", "success": "completed", "error": "failed",
                "aborted": "cancelled"
              }
            },
            "start_time": {"from": "/started_at"},
            "end_time": {"from": "/completed_at"},
            "duration_seconds": {"from": ["/started_at", "/completed_at"], "as": "difference"},
            "parameters": {"from": "/meta"},
            "results": {"object": {"error": "/error_message"}},
            "created_at": {"from": "/created_at"}
          }
        },
        {
          "about": "Flat, with one timestamp; when a run ended follows from how long it took.",
          "files": ["joblogs/**", "joblogs.*", "joblog.*", "**/saw_runs*.*"],
          "when": {"has": ["/run_id", "/op_type"]},
          "members": {
            "id": {"from": ["/run_id", "key"]},
            "job_type": {"from": "/op_type"},
            "status": {
              "from": "/status",
              "values": {
                "created": "pending", "success": "completed", "error": "failed",
                "aborted": "cancelled"
              }
            },
            "start_time": {"from": "/timestamp"},
            "end_time": {
              "from": ["/timestamp", "/actual_time_s"], "as": "sum",
              "when": {"is": {"/status": ["success", "completed"]}}
            },
            "duration_seconds": {"from": "/actual_time_s"},
            "parameters": {
              "object": {
                "machine_profile": "/machine_profile",
                "material_family": "/material_family",
                "blade_id": "/blade_id",
                "safe_z": "/safe_z",
                "depth_passes": "/depth_passes",
                "total_length_mm": "/total_length_mm",
                "planned_rpm": "/planned_rpm",
                "planned_feed_ipm": "/planned_feed_ipm",
                "planned_doc_mm": "/planned_doc_mm"
              }
            },
            "results": {
              "object": {
                "error": "/error_message",
                "telemetry": "/telemetry",
                "operator_notes": "/operator_notes"
              }
            }
          }
        }
      ]
    }
    """

  private static let artJobs = """
    {
      "mapping": 1,
      "name": "art-jobs",
      "about": "Jobs of the art studio: times in epoch seconds, what was asked for flat beside them.",
      "joblogs": [
        {
          "when": {"has": ["/id", "/job_type"], "lacks": ["/parameters", "/payload"]},
          "members": {
            "created_at": {"from": "/created_at", "as": "epoch-seconds"},
            "parameters": {"rest": true}
          }
        }
      ]
    }
    """

  private static let artPatterns = """
    {
      "mapping": 1,
      "name": "art-patterns",
      "about": "Rosettes of the art studio: one ring each, its geometry in a payload within a payload.",
      "patterns": [
        {
          "when": {"has": "/payload/payload"},
          "members": {
            "name": {"from": ["/payload/payload/name", "/payload/name"]},
            "ring_count": {"value": 1},
            "geometry": {"from": "/payload/payload"},
            "pattern_type": {"from": "/payload/payload/pattern_type"},
            "created_at": {"from": ["/created_at", "/payload/created_at"], "as": "epoch-seconds"},
            "metadata": {"object": {"lane": "/lane", "preset": "/payload/preset"}}
          }
        }
      ]
    }
    """

  private static let catalogue = """
    {
      "mapping": 1,
      "name": "catalogue",
      "about": "The catalogue of rosettes as rows and columns of chips, in lists by category.",
      "patterns": [
        {
          "entities": "/categories/*/*",
          "when": {"has": ["/rows", "/columns"]},
          "members": {
            "ring_count": {"from": "/rows"},
            "geometry": {
              "object": {
                "rows": "/rows",
                "columns": "/columns",
                "totals": "/totals",
                "dimensions": "/dimensions"
              }
            },
            "metadata": {
              "object": {"category": "key", "materials": "/materials", "notes": "/notes"}
            }
          }
        }
      ]
    }
    """

  private static let ringBands = """
    {
      "mapping": 1,
      "name": "ring-bands",
      "about": "Patterns as bands of rings, each of which names its strip family.",
      "patterns": [
        {
          "when": {"has": "/ring_bands"},
          "members": {
            "ring_count": {"count": "/ring_bands"},
            "geometry": {
              "object": {
                "center_x_mm": "/center_x_mm",
                "center_y_mm": "/center_y_mm",
                "ring_bands": "/ring_bands"
              }
            },
            "strip_family_id": {"common": "/ring_bands/*/strip_family_id"}
          }
        }
      ]
    }
    """

  private static let patternModel = """
    {
      "mapping": 1,
      "name": "pattern-model",
      "about": "Patterns with pattern_id and pattern_name, their rings and radii beside them.",
      "patterns": [
        {
          "when": {"has": ["/pattern_id", "/pattern_name", "/rings"]},
          "members": {
            "id": {"from": "/pattern_id"},
            "name": {"from": "/pattern_name"},
            "geometry": {
              "object": {
                "rings": "/rings",
                "outer_radius_mm": "/outer_radius_mm",
                "inner_radius_mm": "/inner_radius_mm"
              }
            }
          }
        }
      ]
    }
    """

  private static let jobLog = """
    {
      "mapping": 1,
      "name": "job-log",
      "about": "Job logs whose parameters stand flat beside the job: plans of rosettes and batches of the saw.",
      "joblogs": [
        {
          "about": "The plan of a rosette.",
          "when": {"has": ["/id", "/job_type", "/plan_pattern_id"], "lacks": "/parameters"},
          "members": {
            "pattern_id": {"from": "/plan_pattern_id"},
            "parameters": {"rest": true}
          }
        },
        {
          "about": "A batch of slices.",
          "when": {"has": ["/id", "/job_type", "/extra"], "lacks": "/parameters"},
          "members": {
            "results": {
              "object": {"yield_estimate": "/yield_estimate", "slice_risks": "/slice_risks"}
            },
            "parameters": {"rest": true}
          }
        }
      ]
    }
    """
}
