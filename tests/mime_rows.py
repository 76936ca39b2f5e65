#!/usr/bin/python3
"""mime_rows.py DELIVER-MIME - each row is a message; what the program makes of
it is legal for every SMTP server, and a reader (python's email package) sees
the same: header texts, structure, types, names and contents.  Prints a line
"ok - NAME" or "not ok - NAME: WHY" each."""
import email
import email.header
import email.policy
import email.utils
import subprocess
import sys

PROGRAM = sys.argv[1]
ADDRESSES = {"from", "to", "cc", "sender", "reply-to"}
MADE = {"mime-version", "content-type", "content-transfer-encoding",
        "content-disposition"}
UTF8 = "Grüße aus Köln, с приветом\n".encode()
LATIN1 = "Grüße aus Köln\n".encode("latin-1")
LONG = b"x" * 65536 + b"\n"
PNG = bytes(range(256)) * 20
PLAIN = b"From: a@b.example\nTo: c@d.example\nSubject: s\n"
MIME8 = (PLAIN + b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
         b"Content-Transfer-Encoding: 8bit\n\n")


def run(message):
    return subprocess.run([PROGRAM, "7bit", str(len(message))], input=message,
                          capture_output=True, timeout=60, check=False)


def guess(octets):
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def text_of(value):
    """A header's text as a reader shows it."""
    value = str(value).encode("utf-8", "surrogateescape")
    text = guess(value).replace("\n", "").replace("\r", "")
    out = ""
    for part, charset in email.header.decode_header(text):
        if isinstance(part, str):
            out += part
        elif charset in (None, "unknown-8bit"):
            # pieces without charset come back as latin-1 or raw-unicode
            out += guess(part) if charset else part.decode("raw-unicode-escape")
        else:
            out += part.decode(charset, "replace")
    return " ".join(out.split())


def headers(msg):
    seen = []
    for name, value in msg.raw_items() if hasattr(msg, "raw_items") else msg.items():
        low = name.lower()
        if low in MADE:
            continue
        if low in ADDRESSES:
            text = [(text_of(n), a) for n, a in email.utils.getaddresses([str(value)])]
        else:
            text = text_of(value)
        seen.append((low, text))
    return seen


def leaves(msg, path="0"):
    """(path, type, name, content) of every part; what is nested, too."""
    kind = msg.get_content_type()
    if msg.is_multipart():
        found = [(path, kind, len(msg.get_payload()), headers(msg))]
        for n, part in enumerate(msg.get_payload()):
            found += leaves(part, f"{path}.{n}")
        return found
    content = msg.get_payload(decode=True)
    if msg.get_content_maintype() == "text":
        content = content.replace(b"\r\n", b"\n")
    # the charset may have been added, never changed
    name = msg.get_filename()
    if name:
        name = text_of(name)
    return [(path, kind, name, content, headers(msg))]


def charsets(msg):
    return [p.get_param("charset") for p in msg.walk() if not p.is_multipart()]


def legal(octets):
    if any(c > 127 for c in octets):
        return "8-bit octets are left"
    if any(len(line) > 998 for line in octets.split(b"\n")):
        return "a line is too long"
    if b"\r" in octets.replace(b"\r\n", b""):
        return "a bare CR"
    return ""


def judge(name, message, *more):
    done = run(message)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr.decode()}"
    out = done.stdout
    why = legal(out)
    if why:
        return why
    if legal(message) == "" and out != message:
        return "it was legal, and was changed"
    before, after = email.message_from_bytes(message), email.message_from_bytes(out)
    if "structure" not in more:
        a, b = leaves(before), leaves(after)
        for x, y in zip(a, b):
            if x != y:
                return f"another part: {str(x)[:300]} <> {str(y)[:300]}"
        if len(a) != len(b):
            return f"{len(a)} parts became {len(b)}"
        for was, now in zip(charsets(before), charsets(after)):
            if was and was != now:
                return f"charset {was} became {now}"
    for what in more:
        if isinstance(what, bytes) and what not in out:
            return f"not in it: {what[:80]!r}"
        if isinstance(what, tuple) and what[0] in out:
            return f"is in it: {what[0][:80]!r}"
    again = run(out)
    if again.stdout != out:
        return "a second time changes it"
    return ""


def multi(kind, *parts, boundary=b"=_b", head=b""):
    text = (PLAIN + b"MIME-Version: 1.0\nContent-Type: multipart/" + kind +
            b'; boundary="' + boundary + b'"\n' + head + b"\n")
    for part in parts:
        text += b"--" + boundary + b"\n" + part + b"\n"
    return text + b"--" + boundary + b"--\n"


def nested(depth):
    inner = b"Content-Type: text/plain; charset=utf-8\n\n" + UTF8
    for n in range(depth):
        b = b"b%d" % n
        inner = (b"Content-Type: multipart/mixed; boundary=" + b + b"\n\n--" + b +
                 b"\n" + inner + b"\n--" + b + b"--\n")
    return PLAIN + b"MIME-Version: 1.0\n" + inner


TEXT8 = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + UTF8
IMAGE = (b'Content-Type: image/png; name="a.png"\nContent-Disposition: attachment; '
         b'filename="a.png"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n')
SIGNED = multi(b'signed; protocol="application/pgp-signature"; micalg=pgp-sha256',
               b"Content-Type: text/plain\n\nsigned text  \n \n",
               b"Content-Type: application/pgp-signature\n\n-----BEGIN PGP\nabc\n")
ROWS = [
    ("legal_as_it_is", PLAIN + b"\nhello\n"),
    ("legal_mime_as_it_is", multi(b"mixed", IMAGE, b"\nplain\n")),
    ("empty", b""),
    ("empty_line_only", b"\n"),
    ("header_only", PLAIN),
    ("header_only_8bit", b"Subject: " + UTF8),
    ("header_and_empty_line", PLAIN + b"\n"),
    ("line_of_998", PLAIN + b"\n" + b"x" * 998 + b"\n"),
    ("line_of_999", PLAIN + b"\n" + b"x" * 999 + b"\n",
     b"Content-Transfer-Encoding: quoted-printable\n", b"charset=us-ascii"),
    ("cron_line_of_64_KiB", PLAIN + b"\n" + LONG + b"end\n", b"MIME-Version: 1.0\n"),
    ("cron_line_with_equals_and_blanks", PLAIN + b"\n" + b"a= " * 9000 + b"\n"),
    ("line_of_blanks", PLAIN + b"\n" + b" " * 5000 + b"\n"),
    ("long_line_without_end", PLAIN + b"\n" + b"y" * 5000),
    ("latin1_without_mime", PLAIN + b"\n" + LATIN1, b"charset=unknown-8bit"),
    ("utf8_without_mime", PLAIN + b"\n" + UTF8 * 30, b"charset=utf-8",
     b"MIME-Version: 1.0\n"),
    ("ascii_with_one_umlaut_is_readable", PLAIN + b"\n" + b"all the rest is plain\n" * 9 + UTF8,
     b"quoted-printable", b"all the rest is plain\n"),
    ("cyrillic_is_base64", PLAIN + b"\n" + ("привет\n" * 50).encode(), b"base64"),
    ("utf8_with_mime_8bit", MIME8 + UTF8, (b"8bit",)),
    ("mime_without_charset", PLAIN + b"MIME-Version: 1.0\nContent-Type: text/plain\n\n" + UTF8,
     b"charset=utf-8"),
    ("mime_without_charset_semicolon",
     PLAIN + b"MIME-Version: 1.0\nContent-Type: text/html;\n\n" + UTF8, b"charset=utf-8"),
    ("type_without_version", PLAIN + b"Content-Type: text/plain; charset=koi8-r\n\n" +
     "привет\n".encode("koi8-r"), b"MIME-Version: 1.0\n"),
    ("binary_label", PLAIN + b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
     b"Content-Transfer-Encoding: binary\n\n" + UTF8),
    ("version_without_type", PLAIN + b"MIME-Version: 1.0\n\n" + UTF8),
    ("html_with_a_long_line", MIME8.replace(b"plain", b"html") + b"<p>" * 1000 + UTF8),
    ("application_8bit", PLAIN + b"MIME-Version: 1.0\nContent-Type: application/octet-stream\n"
     b"Content-Transfer-Encoding: binary\n\n" + PNG.replace(b"\r", b"") + b"\n", b"base64"),
    ("utf16_is_octets", PLAIN + b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-16le\n"
     b"\n" + "aö\n".encode("utf-16le") + b"\n", b"base64"),
    ("nul", PLAIN + b"\na\0b\n"),
    ("nul_and_8bit", PLAIN + b"\na\0b\n" + UTF8),
    ("every_octet", PLAIN + b"\n" + bytes(c for c in range(256) if c != 13) + b"\n"),
    ("trailing_blanks", MIME8 + b"blanks   \ntab\t\n" + UTF8),
    ("dots_and_from", MIME8 + b".\n..\nFrom me\n" + UTF8),
    ("multipart_one_8bit_part", multi(b"mixed", TEXT8, IMAGE), IMAGE),
    ("multipart_label_8bit", multi(b"mixed", TEXT8, IMAGE,
                                   head=b"Content-Transfer-Encoding: 8bit\n"), (b"8bit",)),
    ("multipart_part_without_header", multi(b"mixed", b"\n" + UTF8, IMAGE)),
    ("multipart_empty_parts", multi(b"mixed", b"", b"\n", TEXT8)),
    ("multipart_header_only_part", multi(b"mixed", b"Content-Type: text/plain", TEXT8)),
    ("multipart_no_newline_at_the_end_of_a_part",
     multi(b"mixed", b"Content-Type: text/plain; charset=utf-8\n\nJ\xc3\xb6rg", IMAGE)),
    ("multipart_many_newlines", multi(b"mixed", TEXT8 + b"\n\n\n", TEXT8)),
    ("multipart_preamble_and_epilogue",
     multi(b"mixed", TEXT8).replace(b"\n\n--", b"\n\nThis is MIME\n--", 1) + b"the end\n",
     b"This is MIME\n", b"the end\n"),
    ("multipart_preamble_8bit",
     multi(b"mixed", IMAGE).replace(b"\n\n--", b"\n\n" + UTF8 + b"--", 1), "structure"),
    ("multipart_never_ended", multi(b"mixed", TEXT8, TEXT8)[:-8]),
    ("multipart_boundary_never_seen", PLAIN + b"MIME-Version: 1.0\nContent-Type: multipart/mixed; "
     b"boundary=nowhere\n\n" + UTF8, "structure"),
    ("multipart_without_boundary", PLAIN + b"MIME-Version: 1.0\nContent-Type: multipart/mixed\n\n" +
     UTF8, "structure"),
    ("multipart_boundary_is_a_prefix", multi(b"mixed", multi(
        b"alternative", TEXT8, TEXT8, boundary=b"=_b2")[len(PLAIN):], IMAGE)),
    ("multipart_boundary_with_blanks_behind",
     multi(b"mixed", TEXT8, IMAGE).replace(b"--=_b\n", b"--=_b  \t\n")),
    ("alternative", multi(b"alternative", TEXT8, TEXT8.replace(b"plain", b"html"))),
    ("signed_is_kept", SIGNED),
    ("signed_within_is_kept", multi(b"mixed", TEXT8, SIGNED[len(PLAIN):], boundary=b"outer"),
     SIGNED[SIGNED.index(b"--=_b"):]),
    ("signed_under_an_8bit_header", b"X-Note: " + UTF8 + SIGNED, SIGNED),
    ("signed_but_illegal", multi(b"signed", TEXT8, IMAGE)),
    ("nested_message", multi(b"mixed", b"Content-Type: message/rfc822\n\n" + MIME8 + UTF8)),
    ("nested_message_without_mime", multi(b"mixed", b"Content-Type: message/rfc822\n"
     b"Content-Transfer-Encoding: 8bit\n\n" + PLAIN + b"\n" + UTF8), (b"8bit",)),
    ("nested_message_8bit_header", multi(b"mixed", b"Content-Type: message/rfc822\n\nSubject: " +
                                         UTF8 + b"\ntext\n")),
    ("digest", multi(b"digest", b"\n" + PLAIN + b"\n" + UTF8)),
    ("delivery_status", multi(b"report", TEXT8, b"Content-Type: message/delivery-status\n\n"
     b"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a\nDiagnostic-Code: smtp; " + UTF8),
     "structure", b"Final-Recipient: rfc822; a\n"),
    ("nested_20_deep", nested(20)),
    ("nested_60_deep", nested(60), "structure"),
    ("base64_on_one_line", PLAIN + b"MIME-Version: 1.0\nContent-Type: image/png\n"
     b"Content-Transfer-Encoding: base64\n\n" + b"QUJD" * 3000 + b"\n"),
    ("quoted_printable_on_one_line", PLAIN + b"MIME-Version: 1.0\nContent-Type: text/plain; "
     b"charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n" + b"=C3=B6" * 500 + b"\n"),
    ("quoted_printable_with_8bit", PLAIN + b"MIME-Version: 1.0\nContent-Type: text/plain; "
     b"charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C3=B6 " + UTF8),
    ("encoding_that_nobody_knows", PLAIN + b"MIME-Version: 1.0\nContent-Type: text/plain; "
     b"charset=utf-8\nContent-Transfer-Encoding: x-odd\n\n" + UTF8),
    ("header_over_998", PLAIN + b"X-Words: " + b"many words " * 300 + b"\n\ntext\n", b"\ntext\n"),
    ("header_over_998_one_word", PLAIN + b"X-Word: " + b"w" * 3000 + b"\n\ntext\n"),
    ("header_of_references", PLAIN + b"References: " + b" ".join(
        b"<%d@x.example>" % n for n in range(200)) + b"\n\ntext\n", b"<199@x.example>\n"),
    ("header_of_recipients", b"From: a@b.example\nTo: " + b",".join(
        b"user%d@host.example" % n for n in range(300)) + b"\nSubject: s\n\ntext\n"),
    ("header_of_a_name", b"From: =?utf-8?Q?x?= <a@b.example>\nTo: J\xc3\xb6rg <j@d.example>, "
     b'"M\xc3\xbcller, M" <m@d.example>\n\ntext\n'),
    ("header_subject_utf8", b"Subject: the word " + UTF8[:-1] + b" in it\nFrom: a@b.example\n\nt\n",
     b"Subject: the word =?utf-8?"),
    ("header_subject_folded_utf8", b"Subject: one\n " + UTF8[:-1] + b"\n three\n\nt\n"),
    ("header_subject_latin1", b"Subject: " + LATIN1 + b"\nt\n"),
    ("header_beside_an_encoded_word", b"Subject: =?utf-8?Q?=C3=B6?= \xc3\xb6 =?utf-8?Q?=C3=BC?=\n\nt\n"),
    ("header_subject_long_utf8", b"Subject: " + "слово ".encode() * 400 + b"\n\nt\n"),
    ("header_content_type_name", multi(b"mixed", b"Content-Type: text/plain; name=\"J\xc3\xb6rg.txt\"\n"
     b"Content-Disposition: attachment; filename=\"J\xc3\xb6rg.txt\"\n\nt\n"), "structure", b"filename*=", b"rg.txt"),
    ("header_content_type_long_name", b"Content-Type: text/plain; " + b"n" * 90 + b"=\"J\xc3\xb6rg\"; charset=utf-8\n\nt\n",
     "structure", b"Content-Type: text/plain; charset=utf-8\n"),
    ("header_address_of_utf8", b"From: j\xc3\xb6rg@d.example\nTo: a@b.example\n\nt\n", "structure"),
    ("header_received_long", b"Received: from " + b"x" * 1500 + b" by y\nFrom: a@b.example\n\nt\n",
     "structure"),
    ("first_line_is_no_header", b"no header at all \xc3\xb6\nsecond\n", "structure"),
    ("ten_megabytes", PLAIN + b"\n" + (b"line of text " * 5 + b"\n") * 150000 + UTF8),
    ("ten_megabytes_in_one_line", PLAIN + b"\n" + b"z" * 10000000 + b"\n"),
    ("thousand_parts", multi(b"mixed", *[TEXT8] * 1000)),
]
bad = 0
for row in ROWS:
    try:
        reason = judge(*row)
    except Exception as error:  # pylint: disable=broad-except
        reason = f"{type(error).__name__}: {error}"
    print(f"ok - {row[0]}" if not reason else f"not ok - {row[0]}: {reason[:900]}")
    bad += bool(reason)
sys.exit(bad > 0)
