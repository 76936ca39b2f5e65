#!/bin/bash
# boot.sh COMMAND [WORD...]   runs COMMAND as process 1 of a machine of its own:
# Debian's kernel, which fetch.sh brought into O/kernel, in qemu, with this machine's
# files as they are, to read, and its own clock, memory, devices and processes.
# Emulated, so that it runs within other virtual machines, too.  WORDs are what a
# kernel's command line can carry: no blanks.  What COMMAND writes is written;
# it ends by /proc/sysrq-trigger.
# Environment: O; BOOT_SECONDS, how long that machine may live; BOOT_ACCEL=kvm.
# Exit: 77 when there can be none here.
set -u
skip() { echo "boot.sh: $*" >&2; exit 77; }
daemon=/usr/lib/qemu/virtiofsd
[ "$(id -u)" = 0 ] || skip "needs root"
command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64 (Debian: qemu-system-x86)"
[ -x $daemon ] || daemon=/usr/libexec/virtiofsd
[ -x $daemon ] || skip "no virtiofsd"
kernel=$(find "$O"/kernel/boot -name 'vmlinuz-*' 2>/dev/null | tail -n 1)
[ -n "$kernel" ] || skip "no kernel in $O/kernel: tests/fetch.sh $O kernel"

dir=$(mktemp -d) || exit 1
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$dir"' EXIT
mkdir "$dir/files"
cp "$O/tests/machine/init" "$dir/files/init"
n=0
for name in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci fuse virtiofs overlay; do
	n=$((n + 1))
	find "$O/kernel/lib/modules" -name "$name.ko" -exec cp {} "$dir/files/$n.ko" \;
done
(cd "$dir/files" && find . | cpio --quiet -o -H newc) >"$dir/initramfs" || exit 1

$daemon --socket-path="$dir/files.sock" -o source=/ -o cache=always -o sandbox=chroot >"$dir/daemon.log" 2>&1 &
"$O/tests/await" exists "$dir/files.sock" || { cat "$dir/daemon.log" >&2; exit 1; }
timeout -k 10 "${BOOT_SECONDS:-3600}" \
    qemu-system-x86_64 -M q35 -accel "${BOOT_ACCEL:-tcg}" -cpu max -smp 2 -m 3G \
    -object memory-backend-memfd,id=memory,size=3G,share=on -numa node,memdev=memory \
    -chardev socket,id=files,path="$dir/files.sock" -device vhost-user-fs-pci,chardev=files,tag=host \
    -kernel "$kernel" -initrd "$dir/initramfs" \
    -append "console=ttyS0 quiet loglevel=3 panic=-1 rdinit=/init -- $*" \
    -nodefaults -display none -serial stdio -no-reboot </dev/null
