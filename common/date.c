#include "common/date.h"
#include <stdio.h>
#include <stdlib.h>

/* Not strftime: the caller's locale must not reach a header. */
static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* A time that no calendar holds (a clock gone wild) becomes 1970: a message
 * with a silly date is better than none. */
static void
utc(time_t t, struct tm *tm)
{
	static const time_t epoch = 0;

	if (gmtime_r(&t, tm) == NULL || tm->tm_year < 0 || tm->tm_year > 8099)
		gmtime_r(&epoch, tm);
}

void
date_5322(time_t t, char out[DATE_SIZE])
{
	struct tm tm;
	long zone = 0;

	/* A zone of RFC 5322 has no seconds, but local mean times do: the
	 * clock is set from the zone as written, so both say one moment. */
	if (localtime_r(&t, &tm) != NULL)
		zone = tm.tm_gmtoff / 60;
	if (labs(zone) >= 100 * 60 || t > (time_t)1 << 40 ||
	    t < -((time_t)1 << 40))
		zone = 0;
	utc(t + (time_t)zone * 60, &tm);
	snprintf(out, DATE_SIZE, "%s, %d %s %d %02d:%02d:%02d %c%02ld%02ld",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], 1900 + tm.tm_year,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, zone < 0 ? '-' : '+',
	    labs(zone) / 60, labs(zone) % 60);
}

void
date_mbox(time_t t, char out[DATE_SIZE])
{
	struct tm tm;

	utc(t, &tm);
	snprintf(out, DATE_SIZE, "%s %s %2d %02d:%02d:%02d %d",
	    days[tm.tm_wday], months[tm.tm_mon], tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, 1900 + tm.tm_year);
}
