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
      "about": "Entities whose member names differ only in case, _, - and spaces: patternId, Job Type, STATUS.",
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
      "about": "Entities whose times are seconds or milliseconds since 1970: numbers, text, or dates of Windows PowerShell.",
      "strip_families": [
        {
          "members": {
            "created_at": {"from": ["/created_at/value", "/created_at"], "as": "epoch"},
            "updated_at": {"from": ["/updated_at/value", "/updated_at"], "as": "epoch"}
          }
        }
      ],
      "patterns": [
        {
          "members": {
            "created_at": {"from": ["/created_at/value", "/created_at"], "as": "epoch"},
            "updated_at": {"from": ["/updated_at/value", "/updated_at"], "as": "epoch"}
          }
        }
      ],
      "joblogs": [
        {
          "members": {
            "start_time": {"from": ["/start_time/value", "/start_time"], "as": "epoch"},
            "end_time": {"from": ["/end_time/value", "/end_time"], "as": "epoch"},
            "created_at": {"from": ["/created_at/value", "/created_at"], "as": "epoch"},
            "updated_at": {"from": ["/updated_at/value", "/updated_at"], "as": "epoch"}
          }
        }
      ]
    }
    """

  private static let sawRuns = """
    {
      "mapping": 1,
      "name": "saw-runs",
      "about": "Runs of the saw from two older logs, with the plan under meta or at the top level.",
      "joblogs": [
        {
          "about": "The plan under meta, and times of creation, start and end.",
          "files": ["joblogs/**", "joblogs.*", "joblog.*", "**/saw_runs*.*"],
          "when": {"has": ["/run_id", "/meta/op_type"]},
          "members": {
            "id": {"from": ["/run_id", "key"]},
            "job_type": {"from": ["/job_type", "/meta/op_type"]},
            "status": {
              "from": "/status",
              "values": {
                "created": "pending", "success": "completed", "error": "failed",
                "aborted": "cancelled"
              }
            },
            "start_time": {"from": ["/start_time", "/started_at"]},
            "end_time": {"from": ["/end_time", "/completed_at"]},
            "duration_seconds": [
              "/duration_seconds",
              {"from": ["/started_at", "/completed_at"], "as": "difference"}
            ],
            "parameters": {"from": ["/parameters", "/meta"]},
            "results": ["/results", {"object": {"error": "/error_message"}}],
            "created_at": {"from": "/created_at"}
          }
        },
        {
          "about": "The plan at the top level, and one time; the end follows from the duration.",
          "files": ["joblogs/**", "joblogs.*", "joblog.*", "**/saw_runs*.*"],
          "when": {"has": ["/run_id", "/op_type"]},
          "members": {
            "id": {"from": ["/run_id", "key"]},
            "job_type": {"from": ["/job_type", "/op_type"]},
            "status": {
              "from": "/status",
              "values": {
                "created": "pending", "success": "completed", "error": "failed",
                "aborted": "cancelled"
              }
            },
            "start_time": {"from": ["/start_time", "/timestamp"]},
            "end_time": [
              "/end_time",
              {
                "from": ["/timestamp", "/actual_time_s"], "as": "sum",
                "when": {"is": {"/status": ["success", "completed"]}}
              }
            ],
            "duration_seconds": {"from": ["/duration_seconds", "/actual_time_s"]},
            "parameters": [
              "/parameters",
              {
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
              }
            ],
            "results": [
              "/results",
              {
                "object": {
                  "error": "/error_message",
                  "telemetry": "/telemetry",
                  "operator_notes": "/operator_notes"
                }
              }
            ]
          }
        }
      ]
    }
    """

  private static let artJobs = """
    {
      "mapping": 1,
      "name": "art-jobs",
      "about": "Jobs of the art studio, with times in epoch seconds and the parameters at the top level.",
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
      "about": "Rosettes of the art studio, of one ring each, with the geometry in a nested payload.",
      "patterns": [
        {
          "when": {"has": "/payload/payload"},
          "members": {
            "name": {"from": ["/name", "/payload/payload/name", "/payload/name"]},
            "ring_count": {"from": "/ring_count", "value": 1},
            "geometry": {"from": ["/geometry", "/payload/payload"]},
            "pattern_type": {"from": ["/pattern_type", "/payload/payload/pattern_type"]},
            "created_at": {"from": ["/created_at", "/payload/created_at"], "as": "epoch-seconds"},
            "metadata": ["/metadata", {"object": {"lane": "/lane", "preset": "/payload/preset"}}]
          }
        }
      ]
    }
    """

  private static let catalogue = """
    {
      "mapping": 1,
      "name": "catalogue",
      "about": "A catalogue of rosettes that are rows and columns of chips, in lists by category.",
      "patterns": [
        {
          "entities": "/categories/*/*",
          "when": {"has": ["/rows", "/columns"]},
          "members": {
            "ring_count": {"from": ["/ring_count", "/rows"]},
            "geometry": [
              "/geometry",
              {
                "object": {
                  "rows": "/rows",
                  "columns": "/columns",
                  "totals": "/totals",
                  "dimensions": "/dimensions"
                }
              }
            ],
            "metadata": [
              "/metadata",
              {"object": {"category": "group", "materials": "/materials", "notes": "/notes"}}
            ]
          }
        }
      ]
    }
    """

  private static let ringBands = """
    {
      "mapping": 1,
      "name": "ring-bands",
      "about": "Patterns that consist of bands of rings, each of which names its strip family.",
      "patterns": [
        {
          "when": {"has": "/ring_bands"},
          "members": {
            "ring_count": ["/ring_count", {"count": "/ring_bands"}],
            "geometry": [
              "/geometry",
              {
                "object": {
                  "center_x_mm": "/center_x_mm",
                  "center_y_mm": "/center_y_mm",
                  "ring_bands": "/ring_bands"
                }
              }
            ],
            "strip_family_id": ["/strip_family_id", {"common": "/ring_bands/*/strip_family_id"}]
          }
        }
      ]
    }
    """

  private static let patternModel = """
    {
      "mapping": 1,
      "name": "pattern-model",
      "about": "Patterns with pattern_id and pattern_name, and rings and radii at the top level.",
      "patterns": [
        {
          "when": {"has": ["/pattern_id", "/pattern_name", "/rings"]},
          "members": {
            "id": {"from": "/pattern_id"},
            "name": {"from": ["/name", "/pattern_name"]},
            "geometry": [
              "/geometry",
              {
                "object": {
                  "rings": "/rings",
                  "outer_radius_mm": "/outer_radius_mm",
                  "inner_radius_mm": "/inner_radius_mm"
                }
              }
            ]
          }
        }
      ]
    }
    """

  private static let jobLog = """
    {
      "mapping": 1,
      "name": "job-log",
      "about": "Job logs whose parameters are at the top level: plans of rosettes and batches of the saw.",
      "joblogs": [
        {
          "about": "The plan of a rosette.",
          "when": {"has": ["/id", "/job_type", "/plan_pattern_id"], "lacks": "/parameters"},
          "members": {
            "pattern_id": {"from": ["/pattern_id", "/plan_pattern_id"]},
            "parameters": {"rest": true}
          }
        },
        {
          "about": "A batch of slices.",
          "when": {"has": ["/id", "/job_type", "/extra"], "lacks": "/parameters"},
          "members": {
            "results": [
              "/results",
              {"object": {"yield_estimate": "/yield_estimate", "slice_risks": "/slice_risks"}}
            ],
            "parameters": {"rest": true}
          }
        }
      ]
    }
    """
}
