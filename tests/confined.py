#!/usr/bin/python3
# confined.py MANUAL rows                          the names of the tables in deliver(8), ROLES
# confined.py MANUAL ROW COLUMN                    that cell
# confined.py MANUAL ROW PID AGENT [USER [OCTETS]]
#     what of that process is not as they say: it is USER's where the table has no
#     name, and has to do with a message of that many octets.
import pwd
import re
import sys


def tables(path):
    """{ROW: {COLUMN: CELL}}, of those that begin with a column "Process"."""
    found, names = {}, None
    for line in open(path):
        cells = line.rstrip("\n").removeprefix(".It ").split(" Ta ")
        if line.startswith(".It Sy Process"):
            names = [c.removeprefix("Sy ") for c in cells]
        elif line.startswith(".El"):
            names = None
        elif names and line.startswith(".It "):
            if len(cells) != len(names):
                sys.exit(f"not a row: {line}")
            found.setdefault(cells[0], {}).update(zip(names[1:], cells[1:]))
    return found


def number(cell, octets):
    """4 x+1 MB"""
    cell = cell.replace("KB", "* 1024").replace("MB", "* 1048576").replace(" s", "")
    if not re.fullmatch(r"[0-9x+* ]+", cell):
        sys.exit(f"not a limit: {cell}")
    return str(eval(cell.replace("x", f"* {octets}")))


def limits(pid):
    """{NAME: (soft, hard)}"""
    found = {}
    for line in open(f"/proc/{pid}/limits"):
        m = re.match(r"(Max .*?) {2,}(\S+) +(\S+)", line)
        if m:
            found[m[1]] = m[2], m[3]
    return found


def status(pid):
    return dict(line.rstrip("\n").split(":\t", 1) for line in open(f"/proc/{pid}/status") if ":\t" in line)


manual, row, *rest = sys.argv[1:]
rows = tables(manual)
if row == "rows":
    print("\n".join(sorted(rows)))
    sys.exit()
row = rows[row]
if len(rest) == 1:
    print(row[rest[0]])
    sys.exit()
pid, agent, user, octets = (rest + [None, "0"])[:4]
mine, agents, its = limits(pid), limits(agent), status(pid)
wrong = []


def want(what, wanted, got):
    if str(wanted) != str(got):
        wrong.append(f"{what}: {got}, and the manual has {wanted}")


name = user if row["uid"].startswith("the ") else row["uid"]
want("uids", " ".join([str(pwd.getpwnam(name).pw_uid)] * 4), its["Uid"].replace("\t", " "))
for column, limit in ("processor", "Max cpu time"), ("file", "Max file size"), ("memory", "Max address space"):
    # lowered for good: both
    cell = row[column]
    want(limit, agents[limit] if cell == "-" else (number(cell, octets),) * 2, mine[limit])
most = agents["Max open files"][1]
want("Max open files", min(int(row["descriptors"]), int(most)), mine["Max open files"][0])
if row["descriptors"] != "4096":
    want("for good", *mine["Max open files"])
want("Max processes", agents["Max processes"] if row["children"] == "yes" else ("0", "0"), mine["Max processes"])
want("cores", ("0", "0"), mine["Max core file size"])
want("no_new_privs", int(row["set-id"] == "no"), its["NoNewPrivs"])
want("seccomp", 0 if row["set-id"] == "yes" else 2, its["Seccomp"])
print("\n".join(wrong))
sys.exit(bool(wrong))
