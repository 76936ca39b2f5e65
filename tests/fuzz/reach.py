#!/usr/bin/python3
"""reach.py - the list in README of where octets come in, compared with the code:
each file that reads has a row; each function is there; its targets reach it, by
calls (of what a table names, too); each target has a row, and so has each function
whose name says that it parses.  Prints what is wrong."""
import collections
import glob
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
os.chdir(os.path.join(HERE, "..", ".."))
READS = re.compile(
    r"\b(read|pread|recv|recvmsg|recvfrom|getline|fgets|fread|getenv|readlinkat|readdir|getutxent|getopt|"
    r"getopt_long|SSL_read_ex|tdb_fetch|readpassphrase|ares_send|ares_getaddrinfo)\(")
WORD = re.compile(r"\b[a-z][a-z0-9_]*\b")


def without_comments(text):
    return re.sub(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/', lambda m: "" if m[0][0] == "/" else '""', text, flags=re.S)


def tables_of(text):
    return re.findall(r"\b([a-z_]+)(?:\[[^\]]*\])? = \{", text)


def bodies(path):
    """{NAME: its text}; under "" what stands outside of functions."""
    found, name, last = collections.defaultdict(str), "", ""
    for line in without_comments(open(path, encoding="utf-8").read()).split("\n"):
        m = re.match(r"([a-z_][A-Za-z0-9_]*)\(", line)
        if line == "{" and last:
            name = last
        elif line == "}":
            name = last = ""
        elif m:
            last = m[1]
        found[name] += line + "\n"
    return found


code = sorted(glob.glob("common/*.c") + glob.glob("sendmail/*.c") + glob.glob("deliver/**/*.c", recursive=True))
parts = {path: bodies(path) for path in code}
public = collections.defaultdict(set)  # where a function is that others can call
for path, functions in parts.items():
    for name in functions:
        if name and not re.search(r"^static\b[^;{}()]*\n%s\(" % name, functions[""] + functions[name], re.M):
            public[name].add(path)
tables = {}  # NAME: PATH, of those that others can name
for path, functions in parts.items():
    for m in re.finditer(r"^(?!static)[a-z].*?\b([a-z_]+)(?:\[[^\]]*\])* = \{", functions[""], re.M):
        tables[m[1]] = path


def callees(path):
    """{NAME: of (PATH, NAME)}: any word that is a function of this file, and calls of
    others'; outside of functions, in tables, any word."""
    found = {}
    for name, text in parts[path].items():
        words = set(WORD.findall(text))
        others = words if name == "" else set(re.findall(r"\b([a-z][a-z0-9_]*)\(", text))
        found[name] = {(path, w) for w in words if w in parts[path] and w != name}
        found[name] |= {(tables[w], "") for w in words if w in tables}
        found[name] |= {(there, w) for w in others for there in public.get(w, ()) if there != path}
    return found


called = {path: callees(path) for path in code}
for path in code:  # what a table names is called by way of it
    for name in called[path]:
        if name and re.search(r"\b(%s)\b" % "|".join(tables_of(parts[path][""]) or ["-"]), parts[path][name]):
            called[path][name] |= called[path][""]


def reached(target):
    """Names, from what the target names."""
    seen, todo, text = set(), [], without_comments(open(target, encoding="utf-8").read())
    for more in ("tests/fuzz/role_rig.h", "tests/fuzz/liar.h"):
        if more in open(target, encoding="utf-8").read():
            text += without_comments(open(more, encoding="utf-8").read())
    todo = [(there, w) for w in set(re.findall(r"\b([a-z][a-z0-9_]*)\(", text)) for there in public.get(w, ())]
    todo += [(tables[w], "") for w in set(WORD.findall(text)) if w in tables]
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo += called[at[0]][at[1]]
    return {name for _, name in seen}


rows = []
for line in open(os.path.join(HERE, "README"), encoding="utf-8"):
    m = re.match(r"    ([a-z0-9_/]+\.c)\s+([a-z0-9_]+)\s+([a-z0-9,]+|-)\s+\S", line)
    if m:
        rows.append((m[1], m[2], [] if m[3] == "-" else m[3].split(",")))
reach = {}
for path in sorted(glob.glob("tests/fuzz/*_fuzz.c")):
    reach[os.path.basename(path)[: -len("_fuzz.c")]] = reached(path)
listed = {path for path, _, _ in rows}
for path in code:
    text = without_comments(open(path, encoding="utf-8").read())
    if READS.search(text) and path not in listed:
        print(f"{path} reads, and has no row in tests/fuzz/README")
for path, function, targets in rows:
    if path not in parts:
        print(f"{path}: is in tests/fuzz/README, and not there")
    if function == "none":
        continue
    if not any(function in functions for functions in parts.values()):
        print(f"{function}: is in tests/fuzz/README, and not in the code")
    if not targets:
        print(f"{function}: has no target")
    for target in targets:
        if target not in reach:
            print(f"{function}: there is no target {target}")
        elif function not in reach[target]:
            print(f"{function}: the target {target} does not reach it")
for target in sorted(set(reach) - {t for _, _, targets in rows for t in targets} - {"queue", "peers", "parent", "user", "tty"}):
    print(f"the target {target}: no row in tests/fuzz/README")
named = {function for _, function, _ in rows}
for path in glob.glob("common/*.h") + glob.glob("sendmail/*.h") + glob.glob("deliver/**/*.h", recursive=True):
    for m in re.finditer(r"\b([a-z0-9_]+_(?:parse|decode|feed))\(", without_comments(open(path, encoding="utf-8").read())):
        if m[1] not in named:
            print(f"{m[1]}: no row in tests/fuzz/README")
