// What Swift sees of the system's decompressors: zlib, which we link, and libbrotlidec, which is used where it is found at run time.
// Functions of ours only: zlib's own initialisers are macros, and Brotli's header need not be installed.
#ifndef CINFLATE_H
#define CINFLATE_H

#include <stddef.h>
#include <stdint.h>

enum ci_format {
    CI_GZIP = 1,
    CI_ZLIB = 2,
    CI_RAW = 3,  // deflate without any envelope
    CI_BROTLI = 4,
};

enum ci_result {
    CI_MORE = 0,       // output is full or input is used up; go on
    CI_END = 1,        // the stream has ended
    CI_DAMAGED = 2,    // it is no such stream, or it is damaged
    CI_MISSING = 3,    // the library is not there, or there is no memory
};

typedef struct ci_stream ci_stream;

/// Whether a format can be read here.
int ci_available(int format);

/// A decompressor; NULL if there is none. Must be closed.
ci_stream *ci_open(int format);

/// Decompresses what it can: from `in` into `out`. Says how much of both was used.
int ci_next(ci_stream *stream, const uint8_t *in, size_t in_length, size_t *consumed, uint8_t *out, size_t out_length, size_t *produced);

void ci_close(ci_stream *stream);

#endif
