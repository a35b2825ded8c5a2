#!/usr/bin/env python3
"""Stands in for kubectl, docker, ssh, rsync and others: notes how it was called, and answers as told.

Called by the name of what it stands in for (a link). STAND_IN_DIR has

  calls.jsonl   one line per call is added: program, host (empty: here), argv, stdin
  answers.json  a list of rules; the first that fits answers:
                {"program", "match": regular expression for the arguments joined by blanks,
                 "stdin": one for what it is given,
                 "stdout", "stderr", "status", "times": how often it fits at most}

Without a rule the answer is silence and status 0. Three things are done for real: `kubectl kustomize` and
`kubectl annotate --local`, which ask no cluster, by KUBECTL_BIN; what ssh is to run on the other machine,
here, in the folder STAND_IN_REMOTE_HOME and with the same stand-ins; and rsync, by RSYNC_BIN.
"""

# It is started some thousand times: nothing else is imported, and subprocess only where it is needed.
import fcntl
import json
import os
import re
import sys

DIRECTORY = os.environ["STAND_IN_DIR"]
NAME = os.path.basename(sys.argv[0])
ARGUMENTS = sys.argv[1:]


def wants_stdin():
    if NAME == "kubectl":
        return any(a == "-f" and b == "-" for a, b in zip(ARGUMENTS, ARGUMENTS[1:]))
    return NAME == "ssh" and "bash -s" in " ".join(ARGUMENTS)


def answer_of(rules, stdin):
    """The rule that fits, and how often it has."""
    with open(f"{DIRECTORY}/used.json", "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        used = json.loads(file.read() or "{}")
        for number, rule in enumerate(rules):
            count = used.get(str(number), 0)
            if (rule["program"] == NAME and re.search(rule.get("match", ""), " ".join(ARGUMENTS))
                    and re.search(rule.get("stdin", ""), stdin or "")
                    and count < rule.get("times", 1 << 30)):
                used[str(number)] = count + 1
                file.truncate(0)
                file.write(json.dumps(used))
                return rule
    return None


def host_and_command():
    """What ssh would do with its arguments."""
    words = list(ARGUMENTS)
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "--":
            break
        if option in ("-o", "-p", "-l", "-i", "-e"):
            words.pop(0)
    host = words.pop(0)
    if words and words[0] == "--":
        words.pop(0)
    return host, " ".join(words)


def run_there(stdin):
    import subprocess

    host, command = host_and_command()
    home = os.environ["STAND_IN_REMOTE_HOME"]
    env = {"PATH": os.environ["PATH"], "HOME": home, "STAND_IN_HOST": host,
           **{name: os.environ[name] for name in ("STAND_IN_DIR", "KUBECTL_BIN", "RSYNC_BIN")
              if name in os.environ}}
    return subprocess.run(["bash", "-c", command], cwd=home, env=env, check=False,
                          input=stdin.encode() if stdin is not None else None).returncode


def main():
    stdin = sys.stdin.read() if wants_stdin() else None
    with open(f"{DIRECTORY}/calls.jsonl", "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps({"program": NAME, "host": os.environ.get("STAND_IN_HOST", ""),
                               "argv": ARGUMENTS, "stdin": stdin}) + "\n")
    with open(f"{DIRECTORY}/answers.json", encoding="utf-8") as file:
        rule = answer_of(json.load(file), stdin)
    if rule is not None:
        sys.stdout.write(rule.get("stdout", ""))
        sys.stderr.write(rule.get("stderr", ""))
        return rule.get("status", 0)
    if NAME == "kubectl" and (ARGUMENTS[:1] == ["kustomize"] or ARGUMENTS[:2] == ["annotate", "--local"]):
        kubectl = os.environ["KUBECTL_BIN"]
        os.execve(kubectl, [kubectl, *ARGUMENTS], {**os.environ, "KUBECONFIG": "/nonexistent"})
    if NAME == "sudo":
        os.execvp(ARGUMENTS[0], ARGUMENTS)
    if NAME == "ssh":
        return run_there(stdin)
    if NAME == "rsync":
        os.execv(os.environ["RSYNC_BIN"], ["rsync", *ARGUMENTS])
    return 0


if __name__ == "__main__":
    sys.exit(main())
