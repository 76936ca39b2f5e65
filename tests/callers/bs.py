#!/usr/bin/python3
"""bs.py - smtplib speaks to sendmail -bs over a pair of sockets."""
import smtplib
import socket
import subprocess
import sys
from email.message import EmailMessage


class Pipe(smtplib.SMTP):
    child = None

    def _get_socket(self, host, port, timeout):
        ours, theirs = socket.socketpair()
        self.child = subprocess.Popen(["/usr/sbin/sendmail", "-bs"],
                                      stdin=theirs, stdout=theirs)
        theirs.close()
        ours.settimeout(20)
        return ours


def main():
    smtp = Pipe("localhost")
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
        msg.as_bytes(), options)
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
