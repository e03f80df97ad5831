"""Writes the published OpenAPI v3 documents as the compact text that `kubectl explain` and /openapi read.

    python3 definitions.py [-z] DOCUMENT.json ... > definitions.txt   (kubetutor keeps it deflated: definitions.txt.z)

A DOCUMENT is what `kubectl get --raw /openapi/v3/apis/apps/v1` prints. One line a definition: `NAME<tab>JSON`, sorted by name.
"""
import json, sys, zlib

definitions = {}
for path in sys.argv[1:]:
    if path != "-z":
        definitions.update(json.load(open(path, encoding="utf-8"))["components"].get("schemas", {}))
lines = [name + "\t" + json.dumps(d, separators=(",", ":"), ensure_ascii=False) for name, d in sorted(definitions.items())]
text = "\n".join(lines) + "\n"
sys.stdout.buffer.write(zlib.compress(text.encode(), 9) if "-z" in sys.argv else text.encode())
