/* Loaded by name, closed with a client that runs, loaded again. */
#include <dlfcn.h>

#include "check.h"

#define LIBRARY "libnymi_api.so.1"

/* ISO C has no cast from an object to a function; POSIX promises that this works. */
#define FIND(library, function) *(void **)&function##_ = dlsym(library, #function)

int main(void) {
  uint32_t (*nymi_abi_version_)(void);
  uint32_t (*nymi_client_new_)(const struct NymiClientConfig *, struct NymiClient **,
                               struct NymiError **);
  uint32_t (*nymi_client_free_)(struct NymiClient *);
  uint32_t (*nymi_client_get_)(struct NymiClient *, uint32_t, char **, struct NymiError **);
  void (*nymi_string_free_)(char *);
  struct NymiClientConfig config = {
      .size = sizeof config, .nea_name = "Records", .agent_url = "ws://127.0.0.1:1"};
  struct NymiClient *client = NULL;
  char *update;
  for (int round = 0; round < 3; round++) {
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
    FIND(library, nymi_abi_version);
    FIND(library, nymi_client_new);
    FIND(library, nymi_client_free);
    FIND(library, nymi_client_get);
    FIND(library, nymi_string_free);
    CHECK_INT(nymi_abi_version_(), NYMI_ABI_VERSION);
    if (client != NULL) {
      /* It went on although nobody had the library open. */
      CHECK_INT(nymi_client_get_(client, 10000, &update, NULL), 0);
      CHECK(strstr(update, "4000") != NULL);
      nymi_string_free_(update);
      CHECK_INT(nymi_client_free_(client), 0);
    }
    CHECK_INT(nymi_client_new_(&config, &client, NULL), 0);
    CHECK_INT(dlclose(library), 0);
  }
  return 0;
}
