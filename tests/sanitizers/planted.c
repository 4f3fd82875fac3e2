/* Faults on purpose, for the sanitizers to find: planted freed | leaked | raced. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nymi_api.h"

static int unguarded;
static void *volatile lost;

static void on_update(void *user_data, const char *update) {
  (void)user_data;
  unguarded += update != NULL; /* on the library's thread */
}

int main(int argc, char **argv) {
  const char *fault = argc > 1 ? argv[1] : "";
  int races = strcmp(fault, "raced") == 0;
  struct NymiClientConfig config = {.size = sizeof config,
                                    .nea_name = "Records",
                                    .agent_url = "ws://127.0.0.1:1",
                                    .on_update = races ? on_update : NULL};
  struct NymiClient *client = NULL;
  if (nymi_client_new(&config, &client, NULL) != NYMI_RESULT_OKAY) {
    return 1;
  }
  if (races) {
    for (int i = 0; i < 100; i++) {
      nymi_client_put(client, "{\"operation\":\"info\"}", NULL);
      unguarded++;
    }
  } else if (strcmp(fault, "freed") == 0) {
    char *update = NULL;
    if (nymi_client_get(client, 10000, &update, NULL) != NYMI_RESULT_OKAY) {
      return 1;
    }
    nymi_string_free(update);
    puts(update);
  } else if (strcmp(fault, "leaked") == 0) {
    lost = malloc(1000);
    lost = NULL;
  }
  nymi_client_free(client);
  return 0;
}
