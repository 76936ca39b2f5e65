# held.sh - processes of the agent that begin stand still, for stories; sourced behind
# lib.sh.
# shellcheck shell=bash

# They are stopped where they have just been bounded: at a prctl, which is the last
# thing.
hold() { # [WHICH [PID]]: before it is begun
	rm -f /tmp/trace /tmp/attached
	strace -f -o /tmp/trace -e trace=prctl -e "inject=prctl:signal=STOP:when=${1:-4}" -p "${2:-$AGENT}" 2>/tmp/attached &
	STRACE=$!
	await text /tmp/attached attached
}
held() { # NAME [TIMES]: it is; ITS
	await -t 20 count /tmp/trace "${2:-1}" 'stopped by SIGSTOP' || { cat /tmp/trace /tmp/attached; return 1; }
	ITS=$(awk '/stopped by SIGSTOP/ { print $1; exit }' /tmp/trace)
	kill "$STRACE"
	wait "$STRACE" 2>/dev/null
	tr '\0' ' ' <"/proc/$ITS/cmdline" | grep "^$1"
}
# As it becomes deliver-mime, which bounds itself once more; behind a hold.
held_mime() {
	held 'deliver: mime' || return
	hold 2 "$ITS"
	await text /tmp/trace 'stopped by SIGSTOP' # as it was
	kill -CONT "$ITS"
	held 'deliver-mime' 2
}
