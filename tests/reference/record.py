#!/usr/bin/env python3
"""Records what a real kubectl answers to the commands of a transcript.

    KUBECONFIG=FILE python3 record.py TRANSCRIPT …       each file is written anew, with its outputs

Takes comments, commands and here-documents of a file, and runs the commands in an empty directory; README.md tells of the format. `default` should
be empty before. Transcripts from 82 on were recorded so, with a kube-apiserver and etcd alone: what is in them does not need controllers.
"""
import os, re, subprocess, sys, tempfile

MARKERS = re.compile(r"# |\$ |! |\? |@|> |\\")


def said(text, mark=""):
    lines = text[:-1] if text.endswith("\n") else text
    if not text:
        return []
    return [mark + l if mark else ("\\" + l if MARKERS.match(l) else l) for l in lines.split("\n")]


def record(lines, directory):
    lines = iter(lines)
    for line in lines:
        if line.startswith("# "):
            yield [line]
        if not line.startswith("$ "):
            continue
        file = re.match(r"\$ cat > (\S+) <<'EOF'$", line)
        if file:
            body = list(iter(lambda: next(lines), "EOF"))
            with open(os.path.join(directory, file[1]), "w") as out:
                out.write("".join(l + "\n" for l in body))
            yield [line, *body, "EOF"]
            continue
        done = subprocess.run(line[2:], shell=True, cwd=directory, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        code = [f"? {done.returncode}"] if done.returncode else []
        yield [line, *said(done.stdout), *said(done.stderr, "! "), *code]


for path in sys.argv[1:]:
    with open(path) as f, tempfile.TemporaryDirectory() as directory:
        steps = ["\n".join(step) for step in record(f.read().split("\n"), directory)]
    with open(path, "w") as f:
        f.write("\n\n".join(steps) + "\n")
