#include "CLibFuzzer.h"

// The driver comes with -sanitize=fuzzer. libFuzzer's header is not installed everywhere, and this is all of it that is needed.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *data, size_t size));

int callboard_fuzz(int argc, char **argv, CallboardFuzzOne one) { return LLVMFuzzerRunDriver(&argc, &argv, one); }
