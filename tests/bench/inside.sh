#!/bin/bash
# inside.sh WHO [LESS]   one mail system, or "floor", in the private root that root.sh
# makes: installed, then asked.  Each line of stdin is a test and what it needs;
# each is answered by one line, "RESULT VALUE MORE...", VALUE "-" when there is
# none, MORE as key=value, and a remark behind "|".  What run.sh is for.
WHO=$1
LESS=${2:-1} # so many times fewer messages, for a quick look
B=$O/tests/bench
DISK=/disk/$WHO
USERS=50
ONE=someone@relay.example
set=none
pattern='*'
queues=()
beside='' fill_with_daemon='' fill_with_smtp='' submit_with_daemon='' direct='' heavy=''
submit=(/usr/sbin/sendmail -i -f alice@mail.example)

await() { "$O/tests/await" "$@"; }
version() { :; }
configure() { :; }
settings() { :; }
start() { :; }
kick() { :; }
stop() { :; }
empty_more() { :; }
waiting() { count_files "$pattern" "${queues[@]}"; }
count_files() { # PATTERN FOLDER...
	local name=$1
	shift
	find "$@" -type f -name "$name" 2>/dev/null | wc -l
}
end_all() { # NAME: there are no others in this root
	local pid
	while pid=$(pgrep -o -x "$1"); do
		pkill -x "$1"
		await -t 1 dead "$pid" 2>/dev/null
	done
}

calc() { awk "BEGIN { printf \"%.${2:-1}f\", $1 }"; }
now() { echo "${EPOCHREALTIME/./}"; }
settle() { sync -f /disk; }
answer() {
	echo "RESULT $*"
	case $* in *'|'*) tail -n 3 /var/log/mail.log >&2 ;; esac
}
# The value of KEY in a line of KEY=VALUE.
value() { # KEY LINE
	local word
	for word in $2; do
		[ "${word%%=*}" != "$1" ] || { echo "${word#*=}"; return; }
	done
	echo 0
}

# --- the machine ---

on_disk() { # what a mail system writes must be where a sync costs something
	local dir
	for dir in /var/spool /var/mail /home; do
		mkdir -p "$DISK$dir"
		cp -a $dir/. "$DISK$dir"
		mount --bind "$DISK$dir" $dir
	done
	mkdir -p "$DISK/drop" "$DISK/kept"
	chmod 1777 "$DISK/drop"
}

users() {
	local i
	for ((i = 1; i <= USERS; i++)); do
		echo "user$i:x:$((2000 + i)):$((2000 + i))::/home/user$i:/bin/sh" >>/etc/passwd
		echo "user$i:x:$((2000 + i)):" >>/etc/group
		mkdir -m 700 "/home/user$i"
		chown "$((2000 + i)):$((2000 + i))" "/home/user$i"
	done
	printf 'postmaster: root\n' >/etc/aliases
}

install_peer() {
	local other
	compgen -G "$O/pkgs/$set/*.deb" >/dev/null || return 1
	make -s -C "$TREE" O="$O" uninstall >/dev/null 2>&1
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
	export DEBIAN_FRONTEND=noninteractive
	for other in $(dpkg-query -W -f '${Package} ${Provides}\n' | awk '/mail-transport-agent/ { print $1 }'); do
		dpkg --remove --force-depends "$other"
	done
	echo 'postfix postfix/main_mailer_type select Local only' | debconf-set-selections
	dpkg --force-depends --force-confnew --force-confmiss -i "$O/pkgs/$set"/*.deb
	[ -x /usr/sbin/sendmail ]
}

prepare() {
	on_disk
	users
	case $WHO in
	floor)
		submit=("$B/floor" submit "$DISK/drop")
		queues=("$DISK/drop")
		return 0
		;;
	esac
	# shellcheck source=/dev/null
	. "$TREE/tests/bench/peers/$WHO.sh"
	[ "$WHO" = bellman ] || install_peer >/var/log/install.log 2>&1 || {
		tail -n 5 /var/log/install.log >&2
		return 1
	}
	configure >&2
}

# --- queues ---

purge() {
	local dir
	for dir in "${queues[@]}"; do
		[ ! -d "$dir" ] || find "$dir" -mindepth 1 -type f -delete
	done
	empty_more
}

load() { "$B/load" -u 1001 "$@"; }

# By its own SMTP server, where submission is slow: fill_by_smtp MANY USERS.
fill_by_smtp() {
	rm -rf "$DISK/push"
	mkdir "$DISK/push"
	"$B/floor" fill "$DISK/push" "$1" 4096
	await port 25
	"$B/push" -p 25 -k 8 -m "$2" "$DISK/push"
}

# Messages that wait, made once and put back before each test that needs them.
fill() { # NAME MANY USERS RECIPIENT...: USERS 0, or a "%" in RECIPIENT is one of them
	local name=$1 many=$2 users=$3 dir i
	[ ! -e "$DISK/kept/$name" ] || return 0
	shift 3
	settings hold || return 1
	purge
	[ -z "$fill_with_daemon" ] || start
	if [ -n "$fill_with_smtp" ] && [ "$many" -gt 1 ]; then
		fill_by_smtp "$many" "$users"
	else
		load -n "$many" -c 16 -m "$((users ? users : 1))" "${submit[@]}" "$@"
	fi >/run/fill
	for ((i = 0; i < 300; i++)); do
		[ "$(waiting)" -lt "$many" ] || break
		sleep 0.1
	done
	stop
	[ "$(waiting)" -ge "$many" ] || {
		echo "$WHO: fill $name: $(waiting) of $many; $(cat /run/fill)" >&2
		return 1
	}
	for dir in "${queues[@]}"; do
		[ -d "$dir" ] || continue
		mkdir -p "$DISK/kept/$name$dir"
		cp -a "$dir/." "$DISK/kept/$name$dir"
	done
	purge
}

put() { # NAME
	local dir
	purge
	for dir in "${queues[@]}"; do
		[ ! -d "$DISK/kept/$1$dir" ] || cp -a "$DISK/kept/$1$dir/." "$dir"
	done
}

# --- submission ---

# test_submit MANY IN_FLIGHT BYTES p50|rate RECIPIENT...
# beside=ADDRESS: four times that, and before each as many to that one, "single";
# then a result is the mean of the four medians.
test_submit() {
	local many=$1 what=$4 line remark='' stored single=0 sum=0 i
	local -a load=(load -n "$1" -c "$2" -s "$3" -t 8 "${submit[@]}")
	shift 4
	stop
	if [ -n "$direct" ]; then
		settings relay
		sink
	else
		settings hold
		purge
		[ -z "$submit_with_daemon" ] || start
	fi
	settle
	if [ -z "$beside" ]; then
		line=$("${load[@]}" "$@")
		sum=$(value "$what" "$line")
	else
		for i in 1 2 3 4; do
			single="$single + $(value "$what" "$("${load[@]}" "$beside")") / 4"
			line=$("${load[@]}" "$@")
			sum="$sum + $(value "$what" "$line") / 4"
		done
		line="$line single=$(calc "$single" 3)"
		sum=$(calc "$sum" 3)
	fi
	many=$(($(value "done" "$line") + $(value failed "$line")))
	if [ -n "$direct" ]; then
		kill "$SINK"
		read -r stored <&"$COUNTS"
		stored=$(value messages "$stored")
	else
		stored=$(count_files "$pattern" "${queues[@]}")
	fi
	stop
	# dma makes one message of each recipient
	[ "$stored" -ge "$many" ] || remark="only $stored of $many are there"
	[ "$(value failed "$line")" = 0 ] || remark="$(value failed "$line") of $many refused"
	purge
	answer "$sum" "$line" "${remark:+| $remark}"
}

# --- out ---

sink() { # OPTIONS...
	exec {COUNTS}< <(exec "$B/sink" "$@")
	SINK=$!
	read -r _ <&"$COUNTS" # ready
}

end_sink() {
	kill "$SINK" 2>/dev/null
	exec {COUNTS}<&-
}

# drain MANY SECONDS FILL OPTIONS-OF-SINK...: the line of counts in $line
drain() {
	local many=$1 seconds=$2 name=$3
	shift 3
	stop
	put "$name"
	settings relay
	sink -n "$many" "$@"
	settle
	begin=$(now)
	start
	kick
	read -r -t "$seconds" line <&"$COUNTS" || {
		kill "$SINK"
		read -r line <&"$COUNTS"
	}
	stop
	purge
	end_sink
}

floor_drain() { # MANY OPTIONS-OF-PUSH -- OPTIONS-OF-SINK...
	local many=$1 options=() pushed
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	rm -rf "$DISK/push"
	mkdir "$DISK/push"
	"$B/floor" fill "$DISK/push" "$many" 4096
	sink -n "$many" "$@"
	settle
	pushed=$("$B/push" "${options[@]}" "$DISK/push")
	read -r line <&"$COUNTS"
	end_sink
	answer "$(value rate "$pushed")" "$line" "$(short_of "$many" "$line")"
}

short_of() { # MANY LINE: a remark, when not all have come
	local got
	got=$(value distinct "$2")
	[ "$got" = "$1" ] || echo "| $got of $1"
}

enough_memory() { # MANY: 2 MB a process
	[ -z "$heavy" ] || awk -v need=$(($1 * 2500)) '/^MemAvailable/ { exit $2 < need }' /proc/meminfo
}

# test_drain MANY SECONDS [OPTIONS-OF-SINK...]: rate from the start of the agent
# to the last final answer
test_drain() {
	local many=$1 seconds=$2 got last
	shift 2
	[ -z "$direct" ] || { answer "- | has no queue"; return; }
	enough_memory "$many" || { answer "- | not run: would need $((many * 2500 / 1000000)) GB"; return; }
	fill "out$many" "$many" 0 $ONE || { answer "- | could not be filled"; return; }
	drain "$many" "$seconds" "out$many" "$@"
	got=$(value messages "$line")
	last=$(value last "$line")
	[ "$got" -gt 0 ] || { answer "- $line | nothing came in $seconds s"; return; }
	answer "$(calc "$got * 1e6 / ($last - $begin)")" "$line" \
	    "net=$(calc "$got * 1e6 / ($last - $(value first "$line") + 1)")" "$(short_of "$many" "$line")"
}

test_memory() { # MANY SECONDS: PSS in MB at the peak, while they go out
	local peak
	[ -z "$direct" ] || { answer "- | has no queue"; return; }
	enough_memory "$1" || { answer "- | not run: would need $(($1 * 2500 / 1000000)) GB"; return; }
	fill "out$1" "$1" 0 $ONE || { answer "- | could not be filled"; return; }
	watch_memory
	drain "$1" "$2" "out$1"
	peak=$(memory)
	answer "$(calc "$(value pss_kb "$peak") / 1024")" "$peak" "$(short_of "$1" "$line")"
}

watch_memory() {
	"$B/peak" bash sink load peak floor push logsink private sleep cat cp find sync \
	    awk pgrep pkill await sh sed grep >/run/peak &
	PEAK=$!
}
memory() {
	kill $PEAK
	wait $PEAK
	cat /run/peak
}

test_idle() { # PSS in MB of an agent that has nothing to do
	settings relay || { answer -; return; }
	stop
	purge
	[ -z "$direct$heavy" ] || { answer "- | runs when called only"; return; }
	start
	sleep 1
	watch_memory
	sleep 0.3
	local peak
	peak=$(memory)
	stop
	answer "$(calc "$(value pss_kb "$peak") / 1024")" "$peak"
}

test_recipients() { # MANY: one message, how many transactions
	local to=() i
	[ -z "$direct" ] || { answer "- | has no queue"; return; }
	enough_memory "$1" || { answer "- | not run: would need $(($1 * 2500 / 1000000)) GB"; return; }
	for ((i = 1; i <= $1; i++)); do to+=("r$i@relay.example"); done
	fill "rcpt$1" 1 0 "${to[@]}" || { answer "- | could not be filled"; return; }
	drain "$1" 20 "rcpt$1"
	local remark=''
	[ "$(value recipients "$line")" = "$1" ] || remark="| $(value recipients "$line") of $1"
	answer "$(value messages "$line")" "$line" \
	    "ms=$(calc "($(value last "$line") - $begin) / 1000")" "$remark"
}

# test_latency MANY PAUSE: ms from the end of a submission to the final answer of
# the far side, the agent running and nothing else to do; from_start_ms, from its
# start
test_latency() {
	local submitted seen
	stop
	purge
	settings relay
	sink -n "$1" -l /run/answered
	settle
	start
	sleep 0.5
	load -n "$1" -p "$2" -l /run/started "${submit[@]}" $ONE >/run/load
	read -r -t 10 line <&"$COUNTS" || {
		kill "$SINK"
		read -r line <&"$COUNTS"
	}
	stop
	purge
	end_sink
	took() { # COLUMN of /run/started
		awk -v c="$1" 'NR == FNR { from[$1] = $c; next } { print ($2 - from[$1]) / 1000 }' \
		    /run/started /run/answered | sort -n |
			awk '{ ms[NR] = $1 } END { if (NR) printf "%.2f %.2f", ms[int((NR + 1) / 2)], ms[NR]; else print "-" }'
	}
	local of_end
	of_end=$(took 3)
	answer "${of_end% *}" "$line" "most_ms=${of_end#* }" "from_start_ms=$(took 2 | cut -d' ' -f1)" \
	    "$(short_of "$1" "$line")"
}

# --- mailboxes ---

boxes() { # fresh ones, there already: some do not make them
	local i
	rm -rf /home/user*/Maildir /var/mail/user*
	for ((i = 1; i <= USERS; i++)); do
		: >"/var/mail/user$i"
		chown "user$i:mail" "/var/mail/user$i"
		chmod 660 "/var/mail/user$i"
	done
}
stored() { # KIND: different messages in all boxes
	case $1 in
	mbox) cat /var/mail/user* ;;
	*) find /home/user*/Maildir/new /home/user*/Maildir/cur -type f -exec cat {} + 2>/dev/null ;;
	esac | grep '^X-Bench: ' | sort -u | wc -l
}

# test_local KIND USERS MANY SECONDS: rate from the start of the agent until its
# queue is empty
test_local() {
	local kind=$1 users=$2 many=$3 seconds=$4 end got
	[ -z "$direct" ] || { answer "- | has no queue"; return; }
	stop
	settings "$kind" || { answer "- | does not know $kind"; return; }
	fill "in$users" "$many" "$users" user% || { answer "- | could not be filled"; return; }
	boxes
	put "in$users"
	settings "$kind"
	settle
	begin=$(now)
	start
	kick
	end=$("$B/floor" empty "$seconds" "$pattern" "${queues[@]}")
	stop
	got=$(stored "$kind")
	purge
	local remark=''
	[ "$got" = "$many" ] || remark="| $got of $many"
	boxes
	answer "$(calc "$got * 1e6 / ($(value last "$end") - $begin)")" "$end" "$remark"
}

floor_local() { # KIND USERS MANY
	local kind=$1 i line to=()
	rm -rf "$DISK/push" "$DISK/boxes"
	mkdir "$DISK/push" "$DISK/boxes"
	for ((i = 1; i <= $2; i++)); do to+=("$DISK/boxes/$i"); done
	"$B/floor" fill "$DISK/push" "$3" 4096
	settle
	line=$("$B/floor" "$kind" "$DISK/push" "${to[@]}")
	answer "$(value rate "$line")" "$line"
}

# --- the tests ---

few() { echo $((($1 + LESS - 1) / LESS)); }

run() { # TEST CONNECTIONS SECONDS
	local on_floor='' many=1000 seconds=$3
	[ "$WHO" != floor ] || on_floor=-floor
	case $1 in
	S1) test_submit "$(few 200)" 1 4096 p50 $ONE ;;
	S16) test_submit "$(few 1000)" 16 4096 rate $ONE ;;
	S64) test_submit "$(few 1000)" 64 4096 rate $ONE ;;
	S10M) test_submit "$(few 40)" 1 10485760 p50 $ONE ;;
	S50) beside=$ONE test_submit "$(few 60)" 1 4096 p50 r{1..50}@relay.example ;;
	esac
	case $1 in D5000 | P5000) many=5000 ;; D200*) many=200 ;; E1) many=20 ;; esac
	many=$(few $many)
	case $1$on_floor in
	D1000) test_drain $many $seconds ;;
	D1000-floor) floor_drain $many -k "$2" -- ;;
	D5000) test_drain $many $((2 * seconds)) ;;
	D5000-floor) floor_drain $many -k "$2" -- ;;
	D200) test_drain $many $seconds -d 50 ;;
	D200-floor) floor_drain $many -k 20 -a -- -d 50 ;;
	D200C) test_drain $many $seconds -d 50 -C ;;
	D200C-floor) floor_drain $many -k 20 -w 10 -- -d 50 -C ;;
	R1000) test_recipients 1000 ;;
	E1) test_latency $many 100 ;;
	B1) test_local mbox 1 $many $seconds ;;
	B1-floor) floor_local batch 1 $many ;;
	B50) test_local mbox 50 $many $seconds ;;
	B50-floor) floor_local batch 50 $many ;;
	M1) test_local maildir 1 $many $seconds ;;
	M1-floor) floor_local maildir 1 $many ;;
	M50) test_local maildir 50 $many $seconds ;;
	M50-floor) floor_local maildir 50 $many ;;
	P5000) test_memory $many $((3 * seconds)) ;;
	P0) test_idle ;;
	S*) ;;
	*) answer - ;;
	esac
}

prepare || { answer "- | cannot be installed here"; exit 1; }
answer up "| $(version 2>/dev/null)"
while read -r test connections seconds; do
	: >/var/log/mail.log
	run "$test" "$connections" "$seconds"
done
