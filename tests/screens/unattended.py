"""unattended-upgrades, as Debian ships it, reports a night's work: its own code
reads the log of dpkg and writes and sends the mail.  Only the work is made up."""
import datetime
import importlib.machinery
import importlib.util
import io
import sys

PROGRAM = "/usr/bin/unattended-upgrade"
loader = importlib.machinery.SourceFileLoader("unattended", PROGRAM)
spec = importlib.util.spec_from_loader("unattended", loader)
uu = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
loader.exec_module(uu)

LOG = "/tmp/term.log"
with open(LOG, "w", encoding="utf-8", newline="") as log:
    log.write("""\
Log started: 2026-11-28  06:24:11\r
(Reading database ... \r(Reading database ... 5%\r(Reading database ... 100%\r\
(Reading database ... 43210 files and directories currently installed.)\r
Preparing to unpack .../libssl3_3.0.17-1~deb12u3_amd64.deb ...\r
Unpacking libssl3:amd64 (3.0.17-1~deb12u3) over (3.0.17-1~deb12u2) ...\r
Preparing to unpack .../openssl_3.0.17-1~deb12u3_amd64.deb ...\r
Unpacking openssl (3.0.17-1~deb12u3) over (3.0.17-1~deb12u2) ...\r
Setting up libssl3:amd64 (3.0.17-1~deb12u3) ...\r
Setting up openssl (3.0.17-1~deb12u3) ...\r
Processing triggers for man-db (2.11.2-2) ...\r
Processing triggers for libc-bin (2.36-9+deb12u13) ...\r
Log ended: 2026-11-28  06:24:31\r
\r
""")
uu.gettext.bindtextdomain("unattended-upgrades", "/usr/share/locale")
uu.gettext.textdomain("unattended-upgrades")
uu.apt_pkg.init_config()
uu.apt_pkg.config.set("Unattended-Upgrade::Mail", "root")
kept = uu.KeptPkgs(set)
kept["Debian stable"] = {"linux-image-amd64"}
memory = io.StringIO("""\
2026-11-28 06:24:02,113 INFO Starting unattended upgrades script
2026-11-28 06:24:02,114 INFO Allowed origins are: origin=Debian,codename=bookworm,label=Debian-Security
2026-11-28 06:24:10,870 INFO Packages that will be upgraded: libssl3 openssl
2026-11-28 06:24:33,051 INFO All upgrades installed
""")
uu.send_summary_mail(
    ["libssl3", "openssl"], True, uu._("All upgrades installed"), kept,
    [], [], memory,
    uu.get_dpkg_log_content(LOG, datetime.datetime(2026, 11, 28, 6, 0)))
