# shellcheck shell=bash disable=SC2154 # read by 12-callers.sh
# git send-email: a patch with another author, and letters beyond ASCII in the
# name, the subject and the change.

if has /usr/lib/git-core/git-send-email git-email; then
	who alice sh -e >"$OUT" 2>&1 <<-'X' || fail "git: a repository"
		git init -q patch
		cd patch
		git config user.name 'Alice Liddell'
		git config user.email alice@mail.example
		git commit -q --allow-empty -m first
		printf 'Привет\n.\nFrom here\n' >file
		git add file
		git commit -q --author='Jürgen Müller <j@other.example>' -m 'hello: wünscht Glück' -m 'По-русски.'
		git format-patch -q -1 -o ..
	X
	cd /home/alice || exit 1
	{
		printf 'From: Jürgen Müller <j@other.example>\n\n'
		sed '1,/^$/d' 0001-*.patch
	} >/tmp/patch.text
	cd /root || exit 1
	GIT="git -C patch -c sendemail.confirm=never send-email --quiet
	    --from alice@mail.example --to bob@mail.example --cc carol@remote.example
	    --bcc dave@remote.example --suppress-cc=all"
	ANY_OUTPUT=1 # it says "Sent" even with --quiet
	# shellcheck disable=SC2086 # words
	call 'git send-email' $GIT -1
	both '[PATCH] hello: wünscht Glück' alice@mail.example alice@mail.example \
	    /tmp/patch.text 'carol@remote.example dave@remote.example'
	chmod 755 $G
	chmod 644 $G/raw
	# shellcheck disable=SC2016 # for that shell
	check 'git send-email: what came applies' who alice sh -ec '
		git -C patch checkout -q -B other HEAD~1
		git -C patch am -q <"$0"
		git -C patch log -1 --format=%an | grep -q -x "Jürgen Müller"
		grep -q -x Привет patch/file' $G/raw
	who alice git -C patch checkout -q master

	# shellcheck disable=SC2086 # words
	call 'git send-email --envelope-sender' $GIT --envelope-sender=patches@other.example -1
	both '[PATCH] hello: wünscht Glück' patches@other.example alice@mail.example \
	    /tmp/patch.text 'carol@remote.example dave@remote.example'

	# shellcheck disable=SC2086 # words
	call 'git send-email --envelope-sender=auto' $GIT --envelope-sender=auto -1
	both '[PATCH] hello: wünscht Glück' alice@mail.example alice@mail.example \
	    /tmp/patch.text 'carol@remote.example dave@remote.example'
	ANY_OUTPUT=
fi
