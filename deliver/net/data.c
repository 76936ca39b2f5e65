#include "deliver/net/data.h"
#include "common/crc.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

void
data_begin(
    struct data *d, int fd, uint64_t offset, uint64_t length, uint32_t sum)
{
	*d = (struct data){
		.fd = fd, .offset = offset, .left = length, .want = sum
	};
}

/* Octets that are neither CR nor LF. */
static void
plain(struct data *d, struct buf *out, const char *ptr, size_t len)
{
	if (len == 0)
		return;
	if (!d->inside && *ptr == '.' && !d->chunks)
		buf_chr(out, '.');
	buf_add(out, ptr, len);
	d->inside = true;
	d->cr = false;
}

/* A line with its LF, or a part of one.  A stored body has no CR; if there is
 * one all the same it leaves as CRLF, since a lone CR is legal nowhere and
 * servers disagree on what it ends. */
static void
encode(struct data *d, struct buf *out, const char *ptr, size_t len)
{
	while (len) {
		const char *cr = memchr(ptr, '\r', len);
		size_t n = cr ? (size_t)(cr - ptr) : len;
		bool lf = !cr && ptr[len - 1] == '\n';

		plain(d, out, ptr, n - lf);
		if (cr || (lf && !d->cr)) {
			buf_add(out, "\r\n", 2);
			d->inside = false;
		}
		d->cr = cr != NULL;
		n += cr != NULL;
		ptr += n;
		len -= n;
	}
}

static void
encode_piece(struct data *d, struct buf *out, const char *ptr, size_t len)
{
	while (len) {
		const char *lf = memchr(ptr, '\n', len);
		size_t n = lf ? (size_t)(lf - ptr) + 1 : len;

		encode(d, out, ptr, n);
		ptr += n;
		len -= n;
	}
}

static enum data_status
finish(struct data *d, struct buf *out)
{
	if (d->sum != d->want)
		return DATA_DAMAGED;
	if (d->inside)
		buf_add(out, "\r\n", 2);
	if (!d->chunks)
		buf_add(out, ".\r\n", 3);
	return DATA_END;
}

enum data_status
data_more(struct data *d, struct buf *out, size_t full)
{
	char piece[DATA_PIECE];

	if (d->head) {
		encode_piece(d, out, d->head->ptr, d->head->len);
		d->head = NULL;
	}
	while (out->len < full || d->left == 0) {
		size_t want = d->left < DATA_PIECE ? d->left : DATA_PIECE;
		size_t skip;
		ssize_t n;

		if (d->left == 0)
			return finish(d, out);
		n = pread(d->fd, piece, want, (off_t)d->offset);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return DATA_ERROR;
		if (n == 0)
			return DATA_DAMAGED; /* shorter than it was written */
		d->sum = crc32c(d->sum, piece, (size_t)n);
		d->offset += (uint64_t)n;
		d->left -= (uint64_t)n;
		skip = d->skip < (uint64_t)n ? (size_t)d->skip : (size_t)n;
		d->skip -= skip;
		encode_piece(d, out, piece + skip, (size_t)n - skip);
		if (out->bad) {
			errno = ENOMEM;
			return DATA_ERROR;
		}
	}
	return DATA_MORE;
}
