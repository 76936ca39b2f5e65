#include "common/crc.h"
#include <string.h>

/* The C library's own record.  The compiler's __builtin_cpu_supports asks the
 * processor anew at each start, which a virtual machine makes slow: it cost a
 * twentieth of a submission. */
#if defined __x86_64__ && __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#define HAS_X86_FEATURES
#endif

#ifdef HAS_X86_FEATURES
__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const unsigned char *p, size_t n)
{
	uint64_t sum = crc, word;

	for (; n >= sizeof word; p += sizeof word, n -= sizeof word) {
		memcpy(&word, p, sizeof word);
		sum = __builtin_ia32_crc32di(sum, word);
	}
	crc = (uint32_t)sum;
	while (n--)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return crc;
}
#endif

/* Half a byte at a time, with the reversed polynomial 0x82f63b78. */
static uint32_t
by_table(uint32_t crc, const unsigned char *p, size_t n)
{
	static const uint32_t half[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede,
		0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4,
		0xd3d3e1ab, 0xe330a81a, 0xf36e6f75 };

	while (n--) {
		crc ^= *p++;
		crc = half[crc & 15] ^ (crc >> 4);
		crc = half[crc & 15] ^ (crc >> 4);
	}
	return crc;
}

uint32_t
crc32c(uint32_t crc, const void *bytes, size_t n)
{
	crc = ~crc;
#ifdef HAS_X86_FEATURES
	if (CPU_FEATURE_ACTIVE(SSE4_2))
		return ~by_instruction(crc, bytes, n);
#endif
	return ~by_table(crc, bytes, n);
}
