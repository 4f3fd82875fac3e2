/* elevated.c in a process of which the system says that it has more rights than its user. Only the superuser can
   have the kernel say so; the library asks the C library, and here this program answers in its place. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/auxv.h>

/* Sanitizers ask before they have begun. */
__attribute__((no_sanitize("address", "thread"))) unsigned long getauxval(unsigned long type) {
  unsigned long (*real)(unsigned long) = NULL;
  if (type == AT_SECURE)
    return 1;
  void *found = dlsym(RTLD_NEXT, "getauxval");
  memcpy(&real, &found, sizeof real);
  return real(type);
}

#include "elevated.c"
