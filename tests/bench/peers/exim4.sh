# Exim with a small configuration, in place of Debian's generated one; started
# as a daemon with a queue runner; queue_only when it is to hold.
# shellcheck shell=bash
set=exim
queues=(/var/spool/exim4/input)
pattern='*-H'
version() { exim4 --version | sed -n '1s/ #.*//p'; }

settings() {
	local where='file = /var/mail/$local_part_data'
	[ "$1" != maildir ] || where='maildir_format
 directory = $home/Maildir
 create_directory'
	cat >/etc/exim4/exim4.conf <<-X
		primary_hostname = mail.example
		domainlist here = mail.example : localhost
		queue_only = $([ "$1" = hold ] && echo true || echo false)
		untrusted_set_sender = *
		local_from_check = false
		host_lookup =
		local_interfaces = 127.0.0.1
		tls_advertise_hosts =
		begin routers
		out:
		 driver = manualroute
		 domains = !+here
		 transport = smtp
		 route_list = * 127.0.0.1::2525 byname
		 self = send
		in:
		 driver = accept
		 check_local_user
		 transport = box
		begin transports
		smtp:
		 driver = smtp
		 hosts_avoid_tls = *
		 allow_localhost
		box:
		 driver = appendfile
		 $where
		 envelope_to_add
		 return_path_add
		 group = mail
		 mode = 0660
		begin retry
		* * F,2h,15m; G,16h,1h,1.5; F,4d,6h
	X
	chown root:Debian-exim /etc/exim4/exim4.conf
	chmod 640 /etc/exim4/exim4.conf
}
start() { exim4 -bd -q30m </dev/null >/dev/null 2>&1; }
stop() { end_all exim4; }
empty_more() { rm -f /var/spool/exim4/db/*; }
