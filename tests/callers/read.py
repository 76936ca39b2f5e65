#!/usr/bin/python3
"""read.py FOLDER SOURCE... - what arrived, as a reader sees it.

SOURCE is a mailbox, or a message that smtpd.py wrote (N.msg).  Into FOLDER go
count, the number of messages, and of the last one: sender and rcpts (of the
envelope), from, to, subject, text (decoded), attached, fields (the names,
lower case, one a line) and faults: what no message that arrives may have.
"""
import email
import email.header
import email.policy
import os
import re
import sys


def messages(path):
    """(sender, recipients, bytes) of each message"""
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".msg"):
        envelope, data = data.split(b"\n\n", 1)
        sender = re.search(rb"^MAIL FROM:<(.*)>$", envelope, re.M).group(1)
        rcpts = re.findall(rb"^RCPT TO:<(.*)>$", envelope, re.M)
        yield sender.decode(), [r.decode() for r in rcpts], data
        return
    for text in re.split(rb"(?:\A|(?<=\n\n))From .*\n", data)[1:]:
        text = re.sub(rb"(?m)^>(>*From )", rb"\1", text[:-1])
        sender = re.search(rb"^Return-Path: <(.*)>$", text, re.M)
        yield sender.group(1).decode() if sender else "?", [], text


def words(message, name):
    """a field decoded; octets that nobody declared are UTF-8 here"""
    raw = [v for n, v in message.raw_items() if n.lower() == name]
    if not raw:
        return ""
    raw = raw[-1].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    text = str(email.header.make_header(email.header.decode_header(raw)))
    return re.sub(r"\s+", " ", text).strip()


def text_of(part):
    data = part.get_payload(decode=True)
    return data.replace(b"\r\n", b"\n")


def faults(data, wire):
    found = []
    head = re.split(rb"\r?\n\r?\n", data, 1)[0]
    if wire and re.search(rb"(?<!\r)\n|\r(?!\n)", data):
        found.append("a bare CR or LF")
    if not wire and b"\r" in data:
        found.append("a CR in the mailbox")
    if any(len(line) > 998 for line in data.splitlines()):
        found.append("a long line")
    if re.search(rb"(?im)^(resent-)?bcc", head):
        found.append("Bcc")
    for name in (b"from", b"date", b"message-id", b"subject", b"to"):
        n = len(re.findall(rb"(?im)^" + name + rb"\s*:", head))
        if n > 1 or (n == 0 and name not in (b"subject", b"to")):
            found.append(f"{n} {name.decode()}")
    return found


def main():
    folder, sources = sys.argv[1], sys.argv[2:]
    os.makedirs(folder, exist_ok=True)
    count, last = 0, None
    for path in sources:
        if os.path.exists(path):
            for last in messages(path):
                last = (path.endswith(".msg"), *last)
                count += 1
    out = {"count": str(count).encode()}
    if last:
        wire, sender, rcpts, data = last
        message = email.message_from_bytes(data, policy=email.policy.compat32)
        out["sender"] = sender.encode()
        out["rcpts"] = " ".join(sorted(rcpts)).encode()
        for name in ("from", "to", "cc", "subject"):
            out[name] = words(message, name).encode()
        parts = [p for p in message.walk() if not p.is_multipart()]
        out["text"] = text_of(parts[0])
        out["attached"] = b"".join(text_of(p) for p in parts[1:])
        out["fields"] = "\n".join(k.lower() for k in message.keys()).encode()
        out["faults"] = ", ".join(faults(data, wire)).encode()
        out["raw"] = data
    for name in ("count", "sender", "rcpts", "from", "to", "cc", "subject",
                 "text", "attached", "fields", "faults", "raw"):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(out.get(name, b""))


main()
