#!/usr/bin/env python3
"""Generates a legacy RMOS tree: OUT/{strip_families,patterns,joblogs}/**/*.json, one object per file.

usage: gen_corpus.py OUT N [--pretty] [--array] [--seed S]
N entities in all: 10% strip families, 30% patterns, 60% joblogs. Deterministic.
"""
import argparse, json, os, random, pathlib

p = argparse.ArgumentParser()
p.add_argument("out"); p.add_argument("n", type=int)
p.add_argument("--pretty", action="store_true"); p.add_argument("--seed", type=int, default=7)
p.add_argument("--array", action="store_true", help="one JSON array file per kind instead of one file per entity")
a = p.parse_args()
r = random.Random(a.seed)
out = pathlib.Path(a.out)
nf = max(1, a.n // 10); np_ = max(1, a.n * 3 // 10); nj = max(1, a.n - nf - np_)
MAT = ["Ebony", "Maple", "Walnut", "Rosewood", "Padauk", "Koa", "Pérola", "黒檀"]
def ts(i): return f"2025-{1+i%12:02d}-{1+i%28:02d}T{i%24:02d}:{i%60:02d}:{(i*7)%60:02d}"
def fam(i): return dict(id=f"family-{i:07d}", name=f"{r.choice(MAT)} {r.randint(1,9)}mm №{i}", strip_width_mm=r.choice([1.0,1.5,2.0,2.5,3.2]),
    strip_thickness_mm=r.choice([0.5,0.8,1.2]), material_type=r.choice(MAT),
    strips=[dict(id=f"strip-{k:03d}", length_mm=r.randint(200,900), position=k, color=r.choice(["light","dark","dyed \"red\"\n"])) for k in range(r.randint(2,8))],
    metadata=dict(supplier=f"Supplier {i%17}", batch=f"2025-{1+i%12:02d}"), created_at=ts(i), updated_at=ts(i+1))
def pat(i):
    rings = r.randint(1,7)
    return dict(id=f"pattern-{i:07d}", name=f"{r.choice(['Herringbone','Celtic Knot','Rope','Wheat','Checker'])} Rosette {i}", ring_count=rings,
      geometry=dict(rings=[dict(radius_mm=40+5*k+r.random(), width_mm=round(r.random()*3,3), segments=r.randint(24,120), tile_length_mm=r.random()*4, angle_deg=r.choice([0,45,-30.5,1e-3])) for k in range(rings)], center=dict(x=0,y=0)),
      strip_family_id=f"family-{r.randrange(nf):07d}", metadata=dict(complexity=r.choice(["low","medium","high"]), estimated_time_min=r.randint(5,240), tags=["rosette","inlay"]),
      created_at=ts(i), updated_at=ts(i+2))
def job(i):
    st = r.choice(["pending","running","completed","completed","completed","failed","cancelled"])
    d = dict(id=f"job-{i:07d}", job_type=r.choice(["slice","batch","contour","assembly"]), pattern_id=f"pattern-{r.randrange(np_):07d}",
      strip_family_id=f"family-{r.randrange(nf):07d}", status=st, start_time=ts(i),
      parameters=dict(blade_angle=r.choice([30,45,60]), feed_rate=r.randint(50,1500), blade_id=f"blade-{i%9}", cut_depth_mm=round(r.random()*8,2)), created_at=ts(i), updated_at=ts(i+3))
    if st == "completed":
        d.update(end_time=ts(i+60), duration_seconds=r.choice([2700, 45.2, 3600.5]), results=dict(cuts_made=r.randint(10,400), waste_percentage=round(r.random()*12,2)))
    return d
def emit(kind, n, make):
    d = out / kind
    d.mkdir(parents=True, exist_ok=True)
    if a.array:
        with open(d / f"{kind}.json", "w", encoding="utf-8") as f:
            f.write("[")
            for i in range(n):
                f.write(("," if i else "") + "\n" + json.dumps(make(i), ensure_ascii=False))
            f.write("\n]\n")
        return
    for i in range(n):
        s = d / f"{i//1000:04d}"
        if i % 1000 == 0: s.mkdir(exist_ok=True)
        with open(s / f"{kind}_{i:07d}.json", "w", encoding="utf-8") as f:
            f.write(json.dumps(make(i), ensure_ascii=False, indent=2 if a.pretty else None))
emit("strip_families", nf, fam); emit("patterns", np_, pat); emit("joblogs", nj, job)
print(nf, np_, nj)
