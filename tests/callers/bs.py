#!/usr/bin/python3
"""bs.py socket|pipe - smtplib speaks to sendmail -bs over a pair of sockets,
or over two pipes."""
import email.policy
import os
import smtplib
import socket
import subprocess
import sys
from email.message import EmailMessage


class Pipes:
    """what smtplib needs of a socket"""

    def __init__(self):
        self.theirs_in, self.out = os.pipe()
        self.back, self.theirs_out = os.pipe()

    def makefile(self, mode):
        return os.fdopen(os.dup(self.back), mode)

    def sendall(self, data):
        while data:
            data = data[os.write(self.out, data):]

    def close(self):
        os.close(self.out)
        os.close(self.back)


class Session(smtplib.SMTP):
    child = None

    def _get_socket(self, host, port, timeout):
        if sys.argv[1] == "pipe":
            ours = Pipes()
            ends = ours.theirs_in, ours.theirs_out
        else:
            ours, theirs = socket.socketpair()
            ours.settimeout(20)
            ends = (theirs.detach(),) * 2
        self.child = subprocess.Popen(["/usr/sbin/sendmail", "-bs"],
                                      stdin=ends[0], stdout=ends[1])
        for end in set(ends):
            os.close(end)
        return ours


def main():
    smtp = Session("localhost")
    smtp.ehlo("here.example")
    msg = EmailMessage()
    msg["From"] = "Alice Liddell <alice@mail.example>"
    msg["To"] = "bob@mail.example, carol@remote.example"
    msg["Subject"] = "smtplib: Grüße"
    with open("/tmp/text", encoding="utf-8") as file:
        msg.set_content(file.read(), cte="8bit")
    # one that is thought better of leaves nothing
    smtp.mail("alice@mail.example")
    smtp.rcpt("bob@mail.example")
    smtp.rset()
    options = ["BODY=8BITMIME"] if smtp.has_extn("8bitmime") else []
    refused = smtp.sendmail(
        "bounces@other.example",
        ["bob@mail.example", "carol@remote.example", "dave@remote.example"],
        msg.as_bytes(policy=email.policy.SMTP), options)
    if refused:
        print(refused, file=sys.stderr)
    try:
        smtp.sendmail("alice@mail.example", ["nobody-here@mail.example"], b"x\r\n")
        print("an unknown user was accepted", file=sys.stderr)
    except smtplib.SMTPRecipientsRefused as error:
        code = error.recipients["nobody-here@mail.example"][0]
        if code != 550:
            print("unknown user:", code, file=sys.stderr)
    smtp.quit()
    sys.exit(smtp.child.wait(20))


main()
