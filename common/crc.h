/* crc - CRC-32C (Castagnoli; RFC 3720 B.4).  Start with 0, feed the result
 * back in for the next piece. */
#ifndef COMMON_CRC_H
#define COMMON_CRC_H
#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t, const void *, size_t n);
#endif
