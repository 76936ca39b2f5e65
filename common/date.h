/* date - times as RFC 5322 3.3 and RFC 4155 (asctime, UTC) write them. */
#ifndef COMMON_DATE_H
#define COMMON_DATE_H
#include <time.h>

#define DATE_SIZE 40
/* "Mon, 23 Nov 2026 05:20:33 +0000" in local time, always with its zone. */
void date_5322(time_t, char[DATE_SIZE]);
/* "Mon Nov 23 05:20:33 2026" in UTC: the same bytes for the same time. */
void date_mbox(time_t, char[DATE_SIZE]);
#endif
