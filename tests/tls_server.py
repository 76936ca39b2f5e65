#!/usr/bin/python3
"""tls_server.py FOLDER NAME [OPTION...] - one connection after another, with
the certificate NAME of FOLDER (see certs.sh).  Prints its port, then a line a
connection: "up VERSION reused=0|1 cert=NAME|-" or "failed".  In TLS it says
"220 secure" and answers each line with "250 LINE"; QUIT ends the connection.

    chain     the authority's certificate is sent as well
    starttls  TLS comes after a line and "220 go"
    inject    ... and there is more behind that line
    plain     there is no TLS at all
    old       TLS 1.1 at most; tls12: TLS 1.2
    client    a certificate of the client, by ca, is demanded
    silent    it takes connections and says nothing
    cut       QUIT ends it without a close_notify
"""
import os
import socket
import ssl
import sys

folder, name = sys.argv[1:3]
options = set(sys.argv[3:])


def path(kind, ending="pem"):
    return os.path.join(folder, f"{kind}.{ending}")


def context():
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if "old" in options:
        ctx.minimum_version = ssl.TLSVersion.TLSv1
        ctx.maximum_version = ssl.TLSVersion.TLSv1_1
        ctx.set_ciphers("ALL:@SECLEVEL=0")
    if "tls12" in options:
        ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    cert = path(name)
    if "chain" in options:
        with open(path("chain"), "wb") as out:
            for part in (name, "ca"):
                with open(path(part), "rb") as one:
                    out.write(one.read())
        cert = path("chain")
    ctx.load_cert_chain(cert, path(name, "key"))
    if "client" in options:
        ctx.verify_mode = ssl.CERT_REQUIRED
        ctx.load_verify_locations(path("ca"))
    return ctx


def line(conn):
    text = b""
    while not text.endswith(b"\n"):
        octet = conn.recv(1)
        if not octet:
            return None
        text += octet
    return text.rstrip(b"\r\n")


def common_name(conn):
    cert = conn.getpeercert()
    return cert["subject"][0][0][1] if cert else "-"


def serve(conn, ctx):
    if "silent" in options:
        while conn.recv(4096):
            pass
        return
    if "plain" in options:
        conn.sendall(b"220 hi\r\n")
        while conn.recv(4096):
            pass
        return
    if "starttls" in options:
        conn.sendall(b"220 hi\r\n")
        if line(conn) is None:
            return
        conn.sendall(b"220 go\r\n" + (b"250 more\r\n" if "inject" in options else b""))
    conn = ctx.wrap_socket(conn, server_side=True)
    print(f"up {conn.version()} reused={int(conn.session_reused)} cert={common_name(conn)}", flush=True)
    conn.sendall(b"220 secure\r\n")
    while True:
        text = line(conn)
        if text is None:
            return
        if text == b"QUIT":
            break
        conn.sendall(b"250 " + text + b"\r\n")
    if "cut" in options:
        socket.socket(fileno=conn.detach()).close()
    else:
        conn.unwrap().close()


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    ctx = context()
    print(listener.getsockname()[1], flush=True)
    while True:
        conn, _ = listener.accept()
        try:
            serve(conn, ctx)
        except (OSError, ssl.SSLError):
            print("failed", flush=True)
        conn.close()


main()
