-- The checks of `rmos-cli audit` as plain SQL for the sqlite3 shell: the yardstick of audit.sh. Each
-- statement counts its findings. json_valid is more lenient than the audit, and the checks of
-- timestamps are much weaker.
PRAGMA integrity_check(2147483647);
PRAGMA foreign_key_check;

SELECT 'strip_families', count(*),
  sum(typeof(id) <> 'text' OR trim(id) = '' OR id <> trim(id)),
  sum(typeof(name) <> 'text' OR trim(name) = ''),
  sum(typeof(strip_width_mm) <> 'real' OR NOT strip_width_mm > 0),
  sum(typeof(strip_thickness_mm) <> 'real' OR NOT strip_thickness_mm > 0),
  sum(typeof(material_type) <> 'text' OR trim(material_type) = ''),
  sum(typeof(strips_json) <> 'text' OR NOT json_valid(strips_json)
    OR json_type(strips_json) <> 'array' OR json_array_length(strips_json) = 0),
  sum(typeof(created_at) <> 'text' OR julianday(created_at) IS NULL
    OR created_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'),
  sum(typeof(updated_at) <> 'text' OR julianday(updated_at) IS NULL
    OR updated_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'),
  sum(metadata_json IS NOT NULL AND (NOT json_valid(metadata_json)
    OR json_type(metadata_json) <> 'object'))
FROM strip_families;

SELECT 'patterns', count(*),
  sum(typeof(id) <> 'text' OR trim(id) = '' OR id <> trim(id)),
  sum(typeof(name) <> 'text' OR trim(name) = ''),
  sum(typeof(ring_count) <> 'integer' OR ring_count < 1),
  sum(typeof(geometry_json) <> 'text' OR NOT json_valid(geometry_json)
    OR json_type(geometry_json) <> 'object'),
  sum(typeof(strip_family_id) NOT IN ('text', 'null')),
  sum(typeof(created_at) <> 'text' OR julianday(created_at) IS NULL
    OR created_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'),
  sum(typeof(updated_at) <> 'text' OR julianday(updated_at) IS NULL
    OR updated_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'),
  sum(metadata_json IS NOT NULL AND (NOT json_valid(metadata_json)
    OR json_type(metadata_json) <> 'object')),
  sum(typeof(pattern_type) <> 'text'),
  sum(rosette_geometry IS NOT NULL AND (NOT json_valid(rosette_geometry)
    OR json_type(rosette_geometry) <> 'object'))
FROM patterns;

SELECT 'joblogs', count(*),
  sum(typeof(id) <> 'text' OR trim(id) = '' OR id <> trim(id)),
  sum(typeof(job_type) <> 'text' OR job_type NOT IN ('slice', 'batch', 'contour', 'assembly',
    'rosette_slice_batch', 'rosette_pattern_generation', 'rosette_preview', 'rosette_cnc_export',
    'rosette_segmentation', 'rosette_validation', 'rosette_cnc_simulation',
    'rosette_plan', 'rosette_cam', 'rmos_rosette_saw_batch', 'saw_slice', 'saw_slice_batch',
    'saw_queue_job', 'pipeline_run')),
  sum(typeof(pattern_id) NOT IN ('text', 'null')),
  sum(typeof(strip_family_id) NOT IN ('text', 'null')),
  sum(typeof(status) <> 'text' OR status NOT IN ('pending', 'planned', 'running', 'completed',
    'failed', 'cancelled')),
  sum(start_time IS NOT NULL AND (julianday(start_time) IS NULL
    OR start_time NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*')),
  sum(end_time IS NOT NULL AND (julianday(end_time) IS NULL
    OR end_time NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*')),
  sum(duration_seconds IS NOT NULL AND NOT duration_seconds >= 0),
  sum(typeof(parameters_json) <> 'text' OR NOT json_valid(parameters_json)
    OR json_type(parameters_json) <> 'object'),
  sum(results_json IS NOT NULL AND (NOT json_valid(results_json)
    OR json_type(results_json) <> 'object')),
  sum(typeof(created_at) <> 'text' OR julianday(created_at) IS NULL
    OR created_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'),
  sum(typeof(updated_at) <> 'text' OR julianday(updated_at) IS NULL
    OR updated_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'),
  sum(status = 'completed' AND (end_time IS NULL OR duration_seconds IS NULL)),
  sum(julianday(end_time) < julianday(start_time))
FROM joblogs;

SELECT 'references', count(*) FROM joblogs t LEFT JOIN patterns r ON r.id = t.pattern_id
WHERE t.pattern_id IS NOT NULL AND r.id IS NULL;
SELECT 'references', count(*) FROM joblogs t LEFT JOIN strip_families r ON r.id = t.strip_family_id
WHERE t.strip_family_id IS NOT NULL AND r.id IS NULL;
SELECT 'references', count(*) FROM patterns t LEFT JOIN strip_families r ON r.id = t.strip_family_id
WHERE t.strip_family_id IS NOT NULL AND r.id IS NULL;

SELECT 'near duplicates', count(*) FROM (SELECT 1 FROM strip_families
  GROUP BY replace(lower(id), ' ', '') HAVING count(*) > 1);
SELECT 'near duplicates', count(*) FROM (SELECT 1 FROM patterns
  GROUP BY replace(lower(id), ' ', '') HAVING count(*) > 1);
SELECT 'near duplicates', count(*) FROM (SELECT 1 FROM joblogs
  GROUP BY replace(lower(id), ' ', '') HAVING count(*) > 1);

SELECT 'provenance', p.kind, count(*) FROM migration_provenance p
WHERE p.run_id NOT IN (SELECT id FROM migration_runs)
  OR p.kind = 'patterns' AND NOT EXISTS (SELECT 1 FROM patterns WHERE id = p.entity_id)
  OR p.kind = 'joblogs' AND NOT EXISTS (SELECT 1 FROM joblogs WHERE id = p.entity_id)
  OR p.kind = 'strip_families'
    AND NOT EXISTS (SELECT 1 FROM strip_families WHERE id = p.entity_id);
SELECT 'without provenance', count(*) FROM strip_families t WHERE NOT EXISTS (
  SELECT 1 FROM migration_provenance WHERE kind = 'strip_families' AND entity_id = t.id);
SELECT 'without provenance', count(*) FROM patterns t WHERE NOT EXISTS (
  SELECT 1 FROM migration_provenance WHERE kind = 'patterns' AND entity_id = t.id);
SELECT 'without provenance', count(*) FROM joblogs t WHERE NOT EXISTS (
  SELECT 1 FROM migration_provenance WHERE kind = 'joblogs' AND entity_id = t.id);
SELECT 'runs', count(*) FROM migration_runs WHERE state = 'running';
