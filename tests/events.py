"""events.py code | manual    the events of the log, one a line: SUBJECT EVENT KEYS...

What common/log.h promises is looked at, too: a call that does not make a line
    SUBJECT: event key=value key="quoted value"
is named on standard error, and the exit status is 1.  SUBJECT is a queue id
(ID), or who speaks of himself."""
import glob
import re
import sys

STRING = r'"(?:[^"\\]|\\.)*"'
SUBJECTS = "agent", "net", "dns", "bs"
NAME = r"[a-z]+(?:-[a-z]+)*"
# A value is a conversion, bare or within <>, or words in quotes.
VALUE = r'(?:%[0-9.*]*(?:l|ll|z)?[a-z]|<%[0-9.*]*[a-z]>|"[^"]*"|[0-9a-z.]+)'
LINE = re.compile(
    rf"(?P<subject>%s|{'|'.join(SUBJECTS)}): (?P<event>{NAME}|%s)"
    rf"(?P<keys>(?: {NAME}={VALUE})*)(?P<rest> %s)?$")

# Events whose names are not in the call: where they are.
NAMED = {
    "attempt_log": [  # what is said of a recipient
        ("deliver/queue/*.c", r'attempt_log\([^;]*?"([a-z-]+)"', r"outcome_word\[\w+\] = "),
        ("deliver/queue/attempt.c", r'\[OUT_\w+\] = "([a-z-]+)"', None),
        ("deliver/queue/attempt.c", r'\? "([a-z-]*shown)"', None),
    ],
    "make": [("deliver/queue/bounce.c", r'\[REPORT_\w+\] = "([a-z-]+)"', None)],
    "log_done": [("deliver/queue/work.c", r'\[DO_\w+\] = \{ "\w+", true, "([a-z-]+)" \}', None)],
}


def parts():
    for pattern in "sendmail/*.c", "deliver/*.c", "deliver/*/*.c", "common/*.c":
        for path in sorted(glob.glob(pattern)):
            if path != "common/log.c":
                yield path, open(path, encoding="utf-8").read()


def arguments(text, at):
    """The text between the parenthesis at AT and the one that closes it."""
    depth = 0
    for m in re.compile(rf"{STRING}|[()]").finditer(text, at):
        depth += {"(": 1, ")": -1}.get(m[0], 0)
        if depth == 0:
            return text[at + 1:m.start()]
    raise ValueError("no end")


def function(text, at):
    """The name of the function around AT, and where it begins."""
    begin = text.rindex("\n{\n", 0, at)
    return re.findall(r"^(\w+)\(", text[:begin], re.M)[-1], begin


def joined(code):
    """The format: strings side by side, and names of paths between them."""
    m = re.match(rf"\s*((?:{STRING}|[A-Z_]+|\s)+)", code)
    words = re.findall(rf"{STRING}|[A-Z_]+", m[1]) if m else []
    return "".join(w[1:-1].replace('\\"', '"') if w[0] == '"' else "X" for w in words)


def code():
    events, wrong = {}, 0
    for path, text in parts():
        for m in re.finditer(r"\blog_(info|warn|errno)(?=\()", text):
            args = arguments(text, m.end())
            line, (name, begin) = joined(args), function(text, m.start())
            fits = LINE.match(line)
            if not fits or (m[1] == "errno") != (fits["event"] == "error"):
                print(f"{path}: {name}: no line of the log's form: {line}", file=sys.stderr)
                wrong = 1
                continue
            keys = re.findall(rf"({NAME})=", fits["keys"])
            if fits["rest"]:  # put together before the call
                for s in re.findall(STRING, text[begin:m.start()]):
                    keys += re.findall(rf"({NAME})=", s)
            if m[1] == "errno":
                keys.append("reason")
            names = [fits["event"]]
            if names == ["%s"]:
                names = []
                for files, pattern, _ in NAMED.get(name, []):
                    for f in glob.glob(files):
                        names += re.findall(pattern, open(f, encoding="utf-8").read())
                if not names:
                    print(f"{path}: {name}: what events are these?", file=sys.stderr)
                    wrong = 1
            for event in names:
                subject = "ID" if fits["subject"] == "%s" else fits["subject"]
                if event == "error":
                    subject = "any"
                events.setdefault((subject, event), set()).update(keys)
    return events, wrong


def manual():
    events, said, subject, on = {}, "", "", False
    for line in open("man/deliver.8", encoding="utf-8"):
        words = line.split()
        if words[:1] == [".Sh"]:
            on = words[1:] == ["LOG"]
        elif on and words[:1] == [".Bl"]:
            subject = said.rstrip(":")
        elif on and words[:2] == [".It", "Cm"]:
            keys = {w.rstrip("=") for w in words[3:] if w.endswith("=")}
            who = "any" if words[2] == "error" else subject
            events.setdefault((who, words[2]), set()).update(keys)
        elif on and words[:1] == [".Cm"]:
            said = words[1]  # before each list: .Cm net:
    return events, 0


if __name__ == "__main__":
    found, status = {"code": code, "manual": manual}[sys.argv[1]]()
    for (who, what), keys in sorted(found.items()):
        print(who, what, *sorted(keys))
    sys.exit(status)
