/* Checks that say where and what; for the C tests alone. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nymi_api.h"

#define CHECK_INT(found, expected)                                                             \
  do {                                                                                         \
    long long found_ = (long long)(found), expected_ = (long long)(expected);                  \
    if (found_ != expected_) {                                                                 \
      fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #found, found_,     \
              expected_);                                                                      \
      exit(1);                                                                                 \
    }                                                                                          \
  } while (0)

#define CHECK(condition)                                                                       \
  do {                                                                                         \
    if (!(condition)) {                                                                        \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                  \
      exit(1);                                                                                 \
    }                                                                                          \
  } while (0)

/* A port at which no agent listens. */
#define NO_AGENT 1

#endif
