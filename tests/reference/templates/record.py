#!/usr/bin/env python3
"""Records what a real kubectl makes of Go templates, and how it prints KYAML.

    KUBECTL=FILE python3 record.py      answers.json is written anew: the templates in it are kept

The object is object.yaml. Where a template fails, what is printed before it is kept, not the object that kubectl adds. No cluster is needed.
"""
import json, os, subprocess

here = os.path.dirname(os.path.abspath(__file__))
path = os.path.join(here, "answers.json")


def said(*options):
    command = [os.environ.get("KUBECTL", "kubectl"), "label", "--local", "-f", "object.yaml", "z=1", *options]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=20)


answers = json.load(open(path))
for answer in answers["templates"]:
    strict = ["--allow-missing-template-keys=false"] if answer.get("strict") else []
    done = said("-o", "go-template=" + answer["template"], *strict)
    answer["printed"] = done.stdout.split("Error executing template: ")[0]
    answer["error"] = done.stderr.rstrip("\n")
answers["kyaml"] = said("-o", "kyaml").stdout
with open(path, "w") as out:
    json.dump(answers, out, indent=1, ensure_ascii=False)
    out.write("\n")
