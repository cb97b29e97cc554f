#include "CInflate.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

// ---- Brotli, looked for when it is first wanted ----------------------------------------------------------------------------------

// Types and results as in brotli/decode.h, version 1.
typedef void *(*brotli_create)(void *, void *, void *);
typedef int (*brotli_decompress)(void *, size_t *, const uint8_t **, size_t *, uint8_t **, size_t *);
typedef void (*brotli_destroy)(void *);

static struct {
    brotli_create create;
    brotli_decompress decompress;
    brotli_destroy destroy;
} brotli;
static pthread_once_t brotli_once = PTHREAD_ONCE_INIT;

static void find_brotli(void) {
    static const char *const names[] = {
        "libbrotlidec.so.1", "libbrotlidec.1.dylib", "/opt/homebrew/lib/libbrotlidec.1.dylib", "/usr/local/lib/libbrotlidec.1.dylib",
    };
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    brotli_create create;
    brotli_decompress decompress;
    brotli_destroy destroy;
    // ISO C has no conversion from an object pointer to a function pointer; POSIX promises that their representations are the same.
    void *symbol = dlsym(library, "BrotliDecoderCreateInstance");
    memcpy(&create, &symbol, sizeof symbol);
    symbol = dlsym(library, "BrotliDecoderDecompressStream");
    memcpy(&decompress, &symbol, sizeof symbol);
    symbol = dlsym(library, "BrotliDecoderDestroyInstance");
    memcpy(&destroy, &symbol, sizeof symbol);
    if (!create || !decompress || !destroy) return;
    brotli.create = create;
    brotli.decompress = decompress;
    brotli.destroy = destroy;
}

// ---- Streams --------------------------------------------------------------------------------------------------------------------

struct ci_stream {
    int format;
    z_stream zlib;
    void *brotli;
};

int ci_available(int format) {
    if (format != CI_BROTLI) return 1;
    pthread_once(&brotli_once, find_brotli);
    return brotli.create != NULL;
}

ci_stream *ci_open(int format) {
    if (!ci_available(format)) return NULL;
    ci_stream *stream = calloc(1, sizeof *stream);
    if (!stream) return NULL;
    stream->format = format;
    int is_open = 0;
    switch (format) {
    case CI_GZIP: is_open = inflateInit2(&stream->zlib, 16 + MAX_WBITS) == Z_OK; break;
    case CI_ZLIB: is_open = inflateInit2(&stream->zlib, MAX_WBITS) == Z_OK; break;
    case CI_RAW: is_open = inflateInit2(&stream->zlib, -MAX_WBITS) == Z_OK; break;
    case CI_BROTLI:
        stream->brotli = brotli.create(NULL, NULL, NULL);
        is_open = stream->brotli != NULL;
        break;
    default: break;
    }
    if (is_open) return stream;
    free(stream);
    return NULL;
}

static int next_brotli(
    ci_stream *stream, const uint8_t *in, size_t in_length, size_t *consumed, uint8_t *out, size_t out_length, size_t *produced) {
    size_t available_in = in_length, available_out = out_length;
    int result = brotli.decompress(stream->brotli, &available_in, &in, &available_out, &out, NULL);
    *consumed = in_length - available_in;
    *produced = out_length - available_out;
    if (result == 0) return CI_DAMAGED;
    return result == 1 ? CI_END : CI_MORE;
}

int ci_next(ci_stream *stream, const uint8_t *in, size_t in_length, size_t *consumed, uint8_t *out, size_t out_length, size_t *produced) {
    *consumed = *produced = 0;
    if (stream->format == CI_BROTLI) return next_brotli(stream, in, in_length, consumed, out, out_length, produced);
    uInt offered = in_length > UINT_MAX ? UINT_MAX : (uInt)in_length;
    uInt room = out_length > UINT_MAX ? UINT_MAX : (uInt)out_length;
    stream->zlib.next_in = (Bytef *)in;
    stream->zlib.avail_in = offered;
    stream->zlib.next_out = out;
    stream->zlib.avail_out = room;
    int result = inflate(&stream->zlib, Z_NO_FLUSH);
    *consumed = offered - stream->zlib.avail_in;
    *produced = room - stream->zlib.avail_out;
    switch (result) {
    case Z_OK:
    case Z_BUF_ERROR: return CI_MORE;
    case Z_STREAM_END: return CI_END;
    case Z_MEM_ERROR: return CI_MISSING;
    default: return CI_DAMAGED;
    }
}

void ci_close(ci_stream *stream) {
    if (!stream) return;
    if (stream->format == CI_BROTLI) {
        brotli.destroy(stream->brotli);
    } else {
        inflateEnd(&stream->zlib);
    }
    free(stream);
}
