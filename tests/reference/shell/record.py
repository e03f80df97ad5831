#!/usr/bin/env python3
"""Records what the real dash does with busybox's programs.

Each *.txt beside this file holds scripts of one topic:

    ===
    the script
    --- EXIT CODE (-n: what it printed does not end with a line end)
    what it printed

A script is kept, the rest is written anew. Each runs in an empty directory of its own, in a clean environment, with nothing in
PATH but links to busybox's applets. New scripts need no more than their `===` line.

    record.py [FILE...]
"""
import concurrent.futures, os, pathlib, shutil, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).parent
BUSYBOX, DASH = shutil.which("busybox"), shutil.which("dash")
# Longest that a script may take, in seconds.
LIMIT = 20


def applets(into):
    for name in subprocess.check_output([BUSYBOX, "--list"], text=True).split():
        link = into / name
        if not link.exists():
            link.symlink_to(BUSYBOX)
    for name in ["sh", "dash"]:
        (into / name).unlink(missing_ok=True)
        (into / name).symlink_to(DASH)


def run(script, path):
    with tempfile.TemporaryDirectory() as work:
        env = {"PATH": str(path), "HOME": "/root", "TZ": "UTC"}
        try:
            done = subprocess.run(["dash", "-c", script], executable=DASH, cwd=work, env=env, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            sys.exit(f"takes too long:\n{script}")
        code = done.returncode if done.returncode >= 0 else 128 - done.returncode
        return code, done.stdout.decode()


def scripts(text):
    for block in text.split("===\n")[1:]:
        script, out = [], False
        for line in block.splitlines(keepends=True):
            if line.startswith("--- ") and line[4:5].isdigit():
                break
            script.append(line)
        yield "".join(script)


def record(file, path):
    all = list(scripts(file.read_text()))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda s: run(s, path), all))
    text = ""
    for script, (code, out) in zip(all, results):
        end = "" if out.endswith("\n") or not out else " -n"
        text += f"===\n{script}--- {code}{end}\n{out}" + ("\n" if end else "")
    file.write_text(text)
    print(f"{file.name}: {len(all)}")
    return len(all)


def main():
    files = [pathlib.Path(f) for f in sys.argv[1:]] or sorted(HERE.glob("*.txt"))
    with tempfile.TemporaryDirectory() as bin:
        applets(pathlib.Path(bin))
        print(sum(record(f, bin) for f in files if f.name != "known.txt"))


main()
