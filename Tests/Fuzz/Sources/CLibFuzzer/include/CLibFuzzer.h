#pragma once

#include <stddef.h>
#include <stdint.h>

/// What libFuzzer calls with every input.
typedef int (*CallboardFuzzOne)(const uint8_t *data, size_t size);

/// Runs libFuzzer with a program's arguments; does not come back before the run is over.
int callboard_fuzz(int argc, char **argv, CallboardFuzzOne one);
