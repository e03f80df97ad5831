#!/usr/bin/env python3
"""Records what a real kubectl builds of the kustomizations beside this file.

    KUBECTL=FILE python3 record.py [NAME …]      NAME.out and NAME.err are written anew

A directory NAME is one case: what is built is `overlay` in it, or else the directory itself. Where errors name the
directory they say DIR for the place in which NAME lies. No cluster is needed.
"""
import os, subprocess, sys, tempfile, shutil

here = os.path.dirname(os.path.abspath(__file__))
kubectl = os.environ.get("KUBECTL", "kubectl")
names = sys.argv[1:] or sorted(n for n in os.listdir(here) if os.path.isdir(os.path.join(here, n)))
with tempfile.TemporaryDirectory() as place:
    # Short, and the same wherever it is recorded, as what is wrapped in errors is not cut by it.
    for name in names:
        shutil.copytree(os.path.join(here, name), os.path.join(place, name))
        target = name + "/overlay" if os.path.isdir(os.path.join(place, name, "overlay")) else name
        done = subprocess.run([kubectl, "kustomize", target], cwd=place, capture_output=True, text=True, timeout=20)
        for ending, text in (("out", done.stdout), ("err", done.stderr)):
            path = os.path.join(here, f"{name}.{ending}")
            if text:
                with open(path, "w") as out:
                    out.write(text.replace(place, "DIR"))
            elif os.path.exists(path):
                os.remove(path)
