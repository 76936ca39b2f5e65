#!/usr/bin/env python3
"""Writes unitab.c: what of Unicode a terminal is given, and how wide it is.

Run by hand when Python's unicodedata knows a newer Unicode:
    python3 deliver/tty/mkunitab.py > deliver/tty/unitab.c
"""
import unicodedata as u

# Assigned, but invisible, or able to move or merge what stands near them.
NEVER = [
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160),
    (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E),
    (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0xE0000, 0xE0FFF),
]

# Not all of these are wide, but many terminals know the blocks only.
EMOJI = [
    (0x1F300, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F900, 0x1F9FF),
    (0x1FA70, 0x1FAFF),
]


def width(c):
    """None: not shown.  Where terminals differ, the larger: a line that is
    wider than we think would be wrapped by the terminal, past the gutter."""
    cat = u.category(chr(c))
    if cat in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return None
    if any(a <= c <= b for a, b in NEVER):
        return None
    if cat in ("Mn", "Me"):
        return 0
    if 0x3248 <= c <= 0x324F or 0x4DC0 <= c <= 0x4DFF:
        return 2  # ambiguous; wide in the C library and so in many terminals
    if any(a <= c <= b for a, b in EMOJI):
        return 2
    if 0x1160 <= c <= 0x11FF or 0xD7B0 <= c <= 0xD7FF:
        return 0  # Hangul vowels and finals join the consonant before them
    return 2 if u.east_asian_width(chr(c)) in "WF" else 1


def main():
    rows = []
    for c in range(0xA0, 0x110000):
        w = width(c)
        if rows and rows[-1][1] == c - 1 and rows[-1][2] == w:
            rows[-1][1] = c
        elif w is not None:
            rows.append([c, c, w])
    print("/* Made by mkunitab.py from Unicode %s; not edited by hand. */"
          % u.unidata_version)
    print('#include "deliver/tty/uni.h"\n\n/* clang-format off */')
    print("const struct uni_range uni_table[] = {")
    cells = ["{ 0x%x, 0x%x, %d }," % tuple(r) for r in rows]
    for i in range(0, len(cells), 3):
        print("\t" + " ".join(cells[i:i + 3]))
    print("};")
    print("const size_t uni_ranges = sizeof uni_table / sizeof *uni_table;")


main()
