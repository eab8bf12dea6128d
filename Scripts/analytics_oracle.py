#!/usr/bin/env python3
"""Computes the figures of `rmos-cli analytics --json`, and the correlations of `rmos-cli serve`, a
second time, and prints the differences.

usage: Scripts/analytics_oracle.py PROGRAM DATABASE [OPTION...]
  PROGRAM   rmos-cli
  DATABASE  a database with any content
  OPTION    filters of `rmos-cli analytics`, such as --material Ebony

It reads whole tables and sorts whole columns with Python's standard library, which is slow, but
independent of the program. Numbers may differ in their last digits.
"""
import argparse
import collections
import datetime
import fractions
import itertools
import json
import math
import re
import sqlite3
import statistics
import subprocess
import sys
import urllib.parse
import urllib.request

Z = 1.959964
LIMIT = 1000


def number(value, least=-math.inf):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        value = float(value)
    except OverflowError:
        return None
    return value if math.isfinite(value) and value >= least else None


def measure(value):
    return number(value, 0)


def first_of_pairs(pairs):
    found = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def refuse(text):
    raise ValueError(text)


def parsed(text):
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text, object_pairs_hook=first_of_pairs, parse_constant=refuse)
    except (ValueError, RecursionError):
        return None


def member(value, name):
    return value.get(name) if isinstance(value, dict) else None


def trimmed(value):
    if not isinstance(value, str):
        return None
    return value.strip() or None


def day_of(*texts):
    for text in texts:
        if isinstance(text, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text[:10]):
            try:
                day = datetime.date.fromisoformat(text[:10])
            except ValueError:
                continue
            # .NET, Go and others write this day in place of a missing time.
            if day != datetime.date.min:
                return day
    return None


def moment(text):
    form = r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
    match = re.fullmatch(form, text, re.A) if isinstance(text, str) else None
    date = match and day_of(match[1])
    if not date:
        return None
    hour, minute, second = int(match[2]), int(match[3]), int(match[4] or 0)
    zone = match[6]
    offset = 0
    if zone and zone != "Z":
        offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
        if int(zone[1:3]) > 23 or int(zone[4:6]) > 59:
            return None
        offset *= -1 if zone[0] == "-" else 1
    if hour > 23 or minute > 59 or second > 59:
        return None
    nanoseconds = int((match[5] or ".0")[1:10].ljust(9, "0"))
    seconds = date.toordinal() * 86400 + hour * 3600 + minute * 60 + second - offset
    return seconds, nanoseconds, zone is not None


def duration(job):
    given = measure(job["duration_seconds"])
    if given is not None:
        return given
    start, end = moment(job["start_time"]), moment(job["end_time"])
    if not start or not end or start[2] != end[2]:
        return None
    seconds = end[0] - start[0] + (end[1] - start[1]) / 1e9
    return seconds if seconds >= 0 else None


def mean(values):
    if not values:
        return None
    return float(sum(map(fractions.Fraction, values)) / len(values))


def summary(values, missing):
    values = sorted(values)
    n = len(values)
    return {
        "n": n, "missing": missing, "min": values[0] if n else None,
        "median": median(values), "p90": values[math.ceil(9 * n / 10) - 1] if n else None,
        "mean": mean(values), "max": values[-1] if n else None}


def median(values):
    values = sorted(values)
    n = len(values)
    if not n:
        return None
    if n % 2:
        return values[n // 2]
    low, high = values[n // 2 - 1], values[n // 2]
    return (low + high) / 2 if math.isfinite(low + high) else low / 2 + high / 2


def rate(name, count, total):
    if not total:
        return {name: None, name + "_low": None, name + "_high": None}
    p = count / total
    center, half = p + Z * Z / (2 * total), Z * math.sqrt(p * (1 - p) / total + (Z / (2 * total)) ** 2)
    scale = 1 + Z * Z / total
    low = 0 if count == 0 else 100 * (center - half) / scale
    high = 100 if count == total else 100 * (center + half) / scale
    return {name: 100 * count / total, name + "_low": low, name + "_high": high}


def byte_order(text):
    return text.encode("utf-8", "surrogatepass")


class Spellings:
    """Groups texts that differ only in case and white space; the most common text is the name."""

    def __init__(self, texts):
        counts = collections.Counter(t for t in map(trimmed, texts) if t)
        groups = collections.defaultdict(list)
        for text, count in counts.items():
            groups[self.key(text)].append((-count, byte_order(text), text))
        self.names = {key: min(found)[2] for key, found in groups.items()}

    @staticmethod
    def key(text):
        return text.upper().lower()

    def name(self, text):
        text = trimmed(text)
        return self.names[self.key(text)] if text else None


def waste_figures(jobs):
    values = [job["waste"] for job in jobs]
    known = [v for v in values if v is not None]
    inside = [v for v in known if 0 <= v <= 100]
    return {
        "n": len(inside), "missing": len(values) - len(known), "out_of_range": len(known) - len(inside),
        "mean": mean(inside)}


def grouped(items, key):
    groups = collections.defaultdict(list)
    for item in items:
        if isinstance(item[key], str):
            groups[item[key]].append(item)
    return dict(sorted(groups.items(), key=lambda pair: byte_order(pair[0])))


def ring_list(geometry):
    for name in ("rings", "ring_bands"):
        rings = member(geometry, name)
        if isinstance(rings, list) and rings:
            return rings
    return []


def number_or_count(value):
    return float(len(value)) if isinstance(value, list) else measure(value)


def product(left, right):
    left, right = measure(left), measure(right)
    if left is None or right is None or not math.isfinite(left * right):
        return None
    return left * right


def half_up(value):
    return math.floor(value + 0.5) if value < 2 ** 52 else value


def read_geometry(geometry, rosette):
    rings = []
    for ring in ring_list(geometry) or ring_list(rosette):
        radius, segments = measure(member(ring, "radius_mm")), number_or_count(member(ring, "segments"))
        if segments is None:
            segments = number_or_count(member(ring, "tile_count"))
        length, pitch, cells = measure(member(ring, "tile_length_mm")), None, segments
        if segments is None and radius is not None and length:
            try:
                cells = number(half_up(2 * math.pi * radius / length))
            except OverflowError:
                cells = None
        if radius is not None and segments:
            pitch = number(2 * math.pi * radius / segments)
        rings.append({
            "radius": radius, "width": measure(member(ring, "width_mm")), "pitch": pitch, "cells": cells})
    known = [ring["cells"] for ring in rings if ring["cells"] is not None]
    if known:
        return rings, number(sum(known))
    for value in (geometry, rosette):
        size = member(value, "dimensions")
        block = product(member(value, "rows"), member(value, "columns"))
        if block is None:
            block = product(member(size, "row_count"), member(size, "column_count"))
        if block is not None:
            return rings, block
    return rings, None


def cut(entries):
    return entries[:LIMIT]


class Shop:
    def __init__(self, path, filters):
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        db.text_factory = lambda data: data.decode("utf-8", "replace")
        read = lambda table: [dict(row) for row in db.execute(f"SELECT * FROM {table}")]
        self.families, self.patterns, jobs = read("strip_families"), read("patterns"), read("joblogs")
        self.family_by_id = {family["id"]: family for family in self.families}
        self.pattern_by_id = {pattern["id"]: pattern for pattern in self.patterns}
        materials = Spellings(family["material_type"] for family in self.families)
        for family in self.families:
            family["supplier"] = member(parsed(family["metadata_json"]), "supplier")
            family["material"] = materials.name(family["material_type"])
        suppliers = Spellings(family["supplier"] for family in self.families)
        for family in self.families:
            family["supplier"] = suppliers.name(family["supplier"])
        for pattern in self.patterns:
            pattern["estimate"] = measure(member(parsed(pattern["metadata_json"]), "estimated_time_min"))
            pattern["rings"], pattern["cells"] = read_geometry(
                parsed(pattern["geometry_json"]), parsed(pattern["rosette_geometry"]))
            rings = number(pattern["ring_count"], 1)
            pattern["ring_count"] = int(rings) if rings is not None and rings == int(rings) else None
            pattern["score"] = None
            if pattern["ring_count"] and pattern["cells"] is not None:
                pattern["score"] = 10 * pattern["ring_count"] + pattern["cells"] / 20
        wanted = filters.material and materials.names.get(Spellings.key(filters.material.strip()), object())
        self.jobs = []
        for job in jobs:
            self.complete(job)
            if filters.job_type is not None and job["job_type"] != filters.job_type:
                continue
            if filters.pattern is not None and job["pattern_id"] != filters.pattern:
                continue
            if filters.family is not None and job["strip_family_id"] != filters.family:
                continue
            if wanted and job["material"] != wanted:
                continue
            if filters.first and not (job["day"] and job["day"] >= filters.first):
                continue
            if filters.last and not (job["day"] and job["day"] <= filters.last):
                continue
            self.jobs.append(job)
        self.filters = filters
        self.finished = [job for job in self.jobs if job["status"] in ("completed", "failed")]
        self.completed = [job for job in self.jobs if job["status"] == "completed"]
        self.failed = [job for job in self.jobs if job["status"] == "failed"]
        self.open = [job for job in self.jobs if job["status"] in ("pending", "planned", "running")]

    def complete(self, job):
        job["day"] = day_of(job["end_time"], job["start_time"], job["created_at"])
        job["duration"] = duration(job)
        results = parsed(job["results_json"])
        job["waste"] = number(member(results, "waste_percentage"))
        job["cuts"] = measure(member(results, "cuts_made"))
        job["reason"] = trimmed(member(results, "error"))
        job["blade"] = trimmed(member(parsed(job["parameters_json"]), "blade_id"))
        if not isinstance(job["job_type"], str):
            job["job_type"] = None
        pattern = self.pattern_by_id.get(job["pattern_id"])
        family = self.family_by_id.get(job["strip_family_id"])
        if not family and pattern:
            family = self.family_by_id.get(pattern["strip_family_id"])
        job["material"] = family and family["material"]
        job["supplier"] = family and family["supplier"]

    # Jobs

    def shares(self, key):
        counts = {name: len(jobs) for name, jobs in grouped(self.jobs, key).items()}
        return {
            name: {"count": count, "percentage": 100 * count / len(self.jobs)}
            for name, count in counts.items()}

    @staticmethod
    def durations(jobs):
        known = [job["duration"] for job in jobs if job["duration"] is not None]
        return summary(known, len(jobs) - len(known))

    def failures(self, key):
        entries = []
        for name, jobs in grouped(self.finished, key).items():
            failed = sum(job["status"] == "failed" for job in jobs)
            entries.append(
                {"key": name, "finished": len(jobs), "failed": failed, **rate("failure_rate", failed, len(jobs))})
        return cut(sorted(entries, key=lambda e: (-e["failure_rate_low"], byte_order(e["key"]))))

    def throughput(self):
        days = [job["day"] for job in self.jobs if job["day"]]
        first, last = self.filters.first or min(days, default=None), self.filters.last or max(days, default=None)
        length = (last - first).days + 1 if first and last and first <= last else None
        per_day = collections.Counter(job["day"] for job in self.finished if job["day"])
        busiest = min(per_day.items(), key=lambda pair: (-pair[1], pair[0]), default=None)
        oldest = min((job["day"] for job in self.open if job["day"]), default=None)
        return {
            "days": length, "finished_per_day": len(self.finished) / length if length else None,
            "active_days": len(per_day),
            "busiest_day": busiest and {"date": str(busiest[0]), "jobs": busiest[1]},
            "oldest_open_day": oldest and str(oldest)}

    def months(self):
        months = collections.defaultdict(lambda: [0, 0])
        for job in self.finished:
            if job["day"]:
                months[str(job["day"])[:7]][job["status"] == "failed"] += 1
        return [{"month": m, "completed": c[0], "failed": c[1]} for m, c in sorted(months.items())]

    def outliers(self):
        found = []
        for name, jobs in grouped(self.completed, "job_type").items():
            known = [job for job in jobs if job["duration"] is not None]
            if len(known) < 8:
                continue
            middle = median([job["duration"] for job in known])
            spread = median([abs(job["duration"] - middle) for job in known])
            if not spread:
                continue
            for job in known:
                z = 0.6745 * (job["duration"] - middle) / spread
                if abs(z) >= 3.5:
                    found.append({
                        "id": job["id"], "job_type": name, "duration_seconds": job["duration"],
                        "median_seconds": middle, "z": z})
        return cut(sorted(found, key=lambda o: (-abs(o["z"]), byte_order(o["id"]))))

    def estimates(self):
        entries = []
        for name, jobs in grouped(self.completed, "pattern_id").items():
            known = [job["duration"] for job in jobs if job["duration"] is not None]
            estimate = self.pattern_by_id.get(name, {}).get("estimate")
            if known and estimate is not None:
                entries.append({
                    "pattern_id": name, "estimated_minutes": estimate, "median_minutes": median(known) / 60,
                    "n": len(known)})
        return cut(entries)

    def stuck(self):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        found = []
        for job in self.jobs:
            since = day_of(job["start_time"], job["created_at"])
            if job["status"] == "running" and since and (today - since).days > 7:
                found.append({
                    "id": job["id"], "job_type": job["job_type"], "since": str(since),
                    "days": (today - since).days})
        return cut(sorted(found, key=lambda job: (job["since"], byte_order(job["id"]))))

    def job_figures(self):
        reasons = collections.Counter(job["reason"] for job in self.failed if job["reason"])
        figures = {
            "total": len(self.jobs), "finished": len(self.finished), "completed": len(self.completed),
            "failed": len(self.failed), "cancelled": sum(job["status"] == "cancelled" for job in self.jobs),
            "open": len(self.open), **rate("success_rate", len(self.completed), len(self.finished)),
            "status": self.shares("status"), "types": self.shares("job_type"),
            "duration_seconds": self.durations(self.completed),
            "duration_seconds_by_type": {
                name: self.durations(jobs) for name, jobs in grouped(self.completed, "job_type").items()},
            "throughput": self.throughput(), "months": self.months(),
            "failures": {
                "by_type": self.failures("job_type"), "by_pattern": self.failures("pattern_id"),
                "by_material": self.failures("material"), "by_blade": self.failures("blade"),
                "reasons": cut([
                    {"reason": text, "count": count} for text, count in
                    sorted(reasons.items(), key=lambda pair: (-pair[1], byte_order(pair[0])))])},
            "outliers": self.outliers(), "estimates": self.estimates()}
        if stuck := self.stuck():
            figures["stuck"] = stuck
        missing = sum(
            job["strip_family_id"] is not None and job["strip_family_id"] not in self.family_by_id
            for job in self.jobs)
        if missing:
            figures["jobs_with_missing_family"] = missing
        return figures

    # Materials

    def stock(self):
        entries = []
        for material, families in grouped(self.families, "material").items():
            strips, quantity, without, lengths, areas, volumes = 0, [], 0, [], [], []
            for family in families:
                found = parsed(family["strips_json"])
                found = found if isinstance(found, list) else []
                strips += len(found)
                length, known = 0.0, False
                pieces = 0.0
                for strip in found:
                    number_of = measure(member(strip, "quantity"))
                    number_of = 1.0 if number_of is None else number_of
                    pieces += number_of
                    of_strip = measure(member(strip, "length_mm"))
                    if of_strip is None:
                        without += 1
                    else:
                        known = True
                        length += number_of * of_strip
                quantity.append(pieces)
                width, thickness = measure(family["strip_width_mm"]), measure(family["strip_thickness_mm"])
                if known:
                    lengths.append(length)
                    if width is not None:
                        areas.append(length * width)
                        if thickness is not None:
                            volumes.append(length * width * thickness)
            finite = lambda values: [value for value in values if math.isfinite(value)]
            total = lambda values, scale: number(total_of(finite(values)) / scale) if finite(values) else None
            entries.append({
                "material": material, "families": len(families), "strips": strips,
                "quantity": total_of(finite(quantity)), "strips_without_length": without,
                "total_length_mm": total(lengths, 1), "area_cm2": total(areas, 100),
                "volume_cm3": total(volumes, 1000)})
        return entries

    def sizes(self, column):
        counts = collections.Counter()
        for family in self.families:
            size = measure(family[column])
            if size is not None:
                counts[half_up(size * 20) / 20 if math.isfinite(size * 20) else size] += 1
        return [
            {"size": size, "count": count}
            for size, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]

    def suppliers(self):
        jobs = grouped(self.finished, "supplier")
        entries = []
        for supplier, families in grouped(self.families, "supplier").items():
            of_supplier = jobs.get(supplier, [])
            completed = sum(job["status"] == "completed" for job in of_supplier)
            entries.append({
                "supplier": supplier, "families": len(families), "finished": len(of_supplier),
                "success_rate": rate("rate", completed, len(of_supplier))["rate"],
                "waste": waste_figures(of_supplier)})
        return entries

    def blades(self):
        entries = []
        for blade, jobs in grouped(self.jobs, "blade").items():
            seconds = [job["duration"] for job in jobs if job["duration"] is not None]
            cuts = [job["cuts"] for job in jobs if job["cuts"] is not None]
            days = [job["day"] for job in jobs if job["day"]]
            entries.append({
                "blade_id": blade, "jobs": len(jobs),
                "finished": sum(job["status"] in ("completed", "failed") for job in jobs),
                "failed": sum(job["status"] == "failed" for job in jobs),
                "hours": number(total_of(seconds) / 3600) if seconds else None,
                "cuts": number(total_of(cuts)) if cuts else None,
                "first_day": str(min(days)) if days else None, "last_day": str(max(days)) if days else None})
        return entries

    def material_figures(self):
        return {
            "stock": self.stock(),
            "waste": {
                **waste_figures(self.finished),
                "by_material": {m: waste_figures(j) for m, j in grouped(self.finished, "material").items()},
                "by_type": {t: waste_figures(j) for t, j in grouped(self.finished, "job_type").items()}},
            "sizes": {
                "width_mm": self.sizes("strip_width_mm"), "thickness_mm": self.sizes("strip_thickness_mm")},
            "suppliers": self.suppliers(), "blades": self.blades()}

    # Patterns

    def pattern_figures(self):
        rings = [p["ring_count"] for p in self.patterns if p["ring_count"] is not None]
        bars = dict(sorted(collections.Counter(rings).items()))
        scores = [p["score"] for p in self.patterns if p["score"] is not None]
        level = lambda s: "simple" if s <= 30 else "medium" if s <= 60 else "complex" if s <= 100 else "expert"
        levels = collections.Counter(map(level, scores))
        column = lambda name: [ring[name] for p in self.patterns for ring in p["rings"]]
        ring_figures = lambda values: summary([v for v in values if v is not None], values.count(None))
        order = lambda p: (p["score"] is None, -(p["score"] or 0), byte_order(p["id"]))
        jobs_of = collections.defaultdict(list)
        family_days = collections.defaultdict(list)
        for job in self.jobs:
            jobs_of[job["pattern_id"]].append(job)
            family_days[job["strip_family_id"]].append(job["day"])
        patterns_of = collections.Counter(p["strip_family_id"] for p in self.patterns)
        last = lambda days: str(max(d for d in days if d)) if any(days) else None
        popularity = []
        for pattern in self.patterns:
            jobs = jobs_of[pattern["id"]]
            completed = [job["day"] for job in jobs if job["status"] == "completed"]
            popularity.append({
                "id": pattern["id"], "jobs": len(jobs),
                "finished": sum(job["status"] in ("completed", "failed") for job in jobs),
                "completed": len(completed), "last_made_day": last(completed)})
        figures = {
            "total": len(self.patterns),
            "rings": {
                **summary(rings, len(self.patterns) - len(rings)),
                "histogram": {str(ring): count for ring, count in bars.items()},
                "modes": [ring for ring, count in bars.items() if count == max(bars.values())]},
            "complexity": {
                **{name: levels[name] for name in ("simple", "medium", "complex", "expert")},
                "mean_score": mean(scores), "without_cells": sum(p["cells"] is None for p in self.patterns),
                "patterns": cut([
                    {"id": p["id"], "ring_count": p["ring_count"], "cells": p["cells"], "score": p["score"],
                     "class": None if p["score"] is None else level(p["score"])}
                    for p in sorted(self.patterns, key=order)])},
            "geometry": {
                "radius_mm": ring_figures(column("radius")), "width_mm": ring_figures(column("width")),
                "pitch_mm": ring_figures(column("pitch"))},
            "families": cut([
                {"id": f["id"], "patterns": patterns_of[f["id"]], "jobs": len(family_days[f["id"]]),
                 "last_used_day": last(family_days[f["id"]])}
                for f in sorted(self.families, key=lambda f: byte_order(f["id"]))]),
            "popularity": cut(sorted(popularity, key=lambda p: (-p["jobs"], byte_order(p["id"])))),
            "jobs_without_pattern": len(jobs_of.get(None, [])),
            "jobs_with_missing_pattern": sum(
                len(jobs) for id, jobs in jobs_of.items() if id is not None and id not in self.pattern_by_id)}
        missing = sum(
            p["strip_family_id"] is not None and p["strip_family_id"] not in self.family_by_id
            for p in self.patterns)
        if missing:
            figures["patterns_with_missing_family"] = missing
        return figures

    # Correlations

    MEASURES = [
        "job.duration_seconds", "job.waste_percentage", "job.failed", "pattern.ring_count",
        "pattern.cells", "pattern.complexity_score", "family.strip_width_mm",
        "family.strip_thickness_mm"]

    def measured(self, name, job, pattern, family):
        subject, name = name.split(".")
        if subject == "job":
            if name == "duration_seconds":
                return job["duration"] if job["status"] == "completed" else None
            if name == "failed":
                return float(job["status"] == "failed")
            return job["waste"] if job["waste"] is not None and 0 <= job["waste"] <= 100 else None
        if subject == "pattern":
            value = pattern and pattern["score" if name == "complexity_score" else name]
            return None if value is None else float(value)
        return family and measure(family[name])

    def pairs(self, x, y):
        subjects = {x.split(".")[0], y.split(".")[0]}
        if "job" in subjects:
            for job in self.jobs:
                if job["status"] not in ("completed", "failed"):
                    yield None, None
                    continue
                pattern = self.pattern_by_id.get(job["pattern_id"])
                family = self.family_by_id.get(job["strip_family_id"])
                if not family and pattern:
                    family = self.family_by_id.get(pattern["strip_family_id"])
                yield self.measured(x, job, pattern, family), self.measured(y, job, pattern, family)
        elif "pattern" in subjects:
            for pattern in self.patterns:
                family = self.family_by_id.get(pattern["strip_family_id"])
                yield self.measured(x, None, pattern, family), self.measured(y, None, pattern, family)
        else:
            for family in self.families:
                yield self.measured(x, None, None, family), self.measured(y, None, None, family)

    def correlation(self, x, y):
        pairs = list(self.pairs(x, y))
        known = [pair for pair in pairs if None not in pair]
        xs, ys = [pair[0] for pair in known], [pair[1] for pair in known]
        return {
            "x": x, "y": y, "r": pearson(xs, ys), "spearman": pearson(ranks(xs), ranks(ys)),
            "n": len(known), "missing": len(pairs) - len(known)}

    def correlations(self):
        return {
            f"{x} {y}": self.correlation(x, y)
            for x, y in itertools.combinations_with_replacement(self.MEASURES, 2)}

    def report(self):
        return {
            "success": True, "jobs": self.job_figures(), "materials": self.material_figures(),
            "patterns": self.pattern_figures()}


def pearson(xs, ys):
    """Computes Pearson's coefficient with exact fractions; only the root is rounded."""
    if len(xs) < 3 or len(set(xs)) == 1 or len(set(ys)) == 1:
        return None
    xs, ys = [fractions.Fraction(x) for x in xs], [fractions.Fraction(y) for y in ys]
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    x_square = sum((x - x_mean) ** 2 for x in xs)
    y_square = sum((y - y_mean) ** 2 for y in ys)
    product = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys))
    root = math.sqrt(product * product / (x_square * y_square))
    return math.copysign(root, product)


def ranks(values):
    """Returns the ranks of values; equal values share the mean of their ranks."""
    places = collections.defaultdict(list)
    for place, value in enumerate(sorted(values), 1):
        places[value].append(place)
    return [sum(places[value]) / len(places[value]) for value in values]


def served_correlations(arguments):
    """Returns the server's correlation of each pair of measures."""
    options = {
        "job_type": arguments.job_type, "material": arguments.material, "pattern": arguments.pattern,
        "family": arguments.family, "from": arguments.first, "to": arguments.last}
    options = {name: str(value) for name, value in options.items() if value is not None}
    command = [arguments.program, "serve", "--db", arguments.database, "--port", "0", "--json"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        text = ""
        while True:
            line = server.stdout.readline().decode()
            if not line:
                sys.exit("the server did not start")
            text += line
            try:
                base = json.loads(text)["url"]
                break
            except ValueError:
                continue
        found = {}
        for x, y in itertools.combinations_with_replacement(Shop.MEASURES, 2):
            query = urllib.parse.urlencode({"x": x, "y": y, **options})
            address = f"{base}api/analytics/advanced/correlation?{query}"
            answer = json.load(urllib.request.urlopen(address))
            found[f"{x} {y}"] = {
                name: answer[name] for name in ("x", "y", "r", "spearman", "n", "missing")}
        return found
    finally:
        server.terminate()
        server.wait()


def total_of(values):
    try:
        return float(sum(map(fractions.Fraction, values)))
    except OverflowError:
        return math.inf


def differences(left, right, path=""):
    if isinstance(left, dict) and isinstance(right, dict):
        if list(left) != list(right):
            yield f"{path}: members {list(left)} and {list(right)}"
            return
        for name in left:
            yield from differences(left[name], right[name], f"{path}/{name}")
    elif isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            yield f"{path}: {len(left)} and {len(right)} elements"
            return
        for index, pair in enumerate(zip(left, right)):
            yield from differences(*pair, f"{path}/{index}")
    elif isinstance(left, (int, float)) and isinstance(right, (int, float)):
        # Correlations near 0 are differences of large sums, hence the absolute tolerance.
        if left != right and not math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-12):
            yield f"{path}: {left} and {right}"
    elif left != right:
        yield f"{path}: {left!r} and {right!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("database")
    for name in ("--job-type", "--material", "--pattern", "--family"):
        parser.add_argument(name)
    day = datetime.date.fromisoformat
    parser.add_argument("--from", dest="first", type=day)
    parser.add_argument("--to", dest="last", type=day)
    arguments = parser.parse_args()
    command = [arguments.program, "analytics", "--db", arguments.database, "--json", *sys.argv[3:]]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    found.pop("omitted", None)
    shop = Shop(arguments.database, arguments)
    seen = list(differences(shop.report(), found))
    seen += differences(shop.correlations(), served_correlations(arguments), "correlation")
    for line in seen[:40]:
        print(line)
    print(f"{len(seen)} differences (program second)" if seen else "the two agree")
    sys.exit(bool(seen))


if __name__ == "__main__":
    main()
