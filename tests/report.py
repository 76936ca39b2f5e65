#!/usr/bin/python3
"""report.py MBOX [N] - what a mail reader makes of the N-th report in MBOX
(the last one without N), as lines for grep:

    head NAME: VALUE            of the message
    part TYPE                   each of the report's three parts
    text LINE                   of the part for people
    message NAME: VALUE         the fields of the machines' first block
    rcpt NAME: VALUE            those of each recipient
    returned LINE               of the third part, decoded

Exit status 1: it is no report.
"""
import email
import email.policy
import mailbox
import sys

box = mailbox.mbox(sys.argv[1], create=False)
which = int(sys.argv[2]) - 1 if len(sys.argv) > 2 else len(box) - 1
keys = list(box.keys())
m = email.message_from_bytes(box.get_bytes(keys[which]), policy=email.policy.default)
for name, value in m.items():
    print(f"head {name}: {' '.join(str(value).split())}")
if m.get_content_type() != "multipart/report" or m.defects:
    sys.exit(1)
parts = list(m.iter_parts())
for part in parts:
    print("part", part.get_content_type())
    if part.defects:
        sys.exit(1)
for line in parts[0].get_content().splitlines():
    print("text", line)
status = parts[1].get_payload()
if "global" in parts[1].get_content_type():  # Python takes it for a message
    raw = parts[1].as_bytes().split(b"\n\n", 1)[1]
    status = [email.message_from_bytes(b, policy=email.policy.SMTPUTF8)
              for b in raw.strip().split(b"\n\n")]
blocks = [b for b in status if len(b.items())]
for number, block in enumerate(blocks):
    for name, value in block.items():
        print("rcpt" if number else "message", f"{name}: {value}")
third = parts[2].get_payload()
text = third[0].as_string() if isinstance(third, list) else third
for line in text.splitlines():
    print("returned", line)
sys.exit(0 if len(parts) == 3 and len(blocks) > 1 else 1)
