/* Clients of the handle interface whose agent is not there; for the C tests alone. */
#ifndef CLIENT_H
#define CLIENT_H

#include "check.h"

static inline struct NymiClientConfig lonely_config(void) {
  struct NymiClientConfig config = {
      .size = sizeof config, .nea_name = "Records", .agent_url = "ws://127.0.0.1:1"};
  return config;
}

static inline struct NymiClient *lonely_client(void) {
  struct NymiClientConfig config = lonely_config();
  struct NymiClient *client = NULL;
  CHECK_INT(nymi_client_new(&config, &client, NULL), NYMI_RESULT_OKAY);
  CHECK(client != NULL);
  return client;
}

/* The next update that contains the text; others are dropped. */
static inline char *get_with(struct NymiClient *client, const char *text) {
  for (;;) {
    char *update = NULL;
    CHECK_INT(nymi_client_get(client, 10000, &update, NULL), NYMI_RESULT_OKAY);
    if (strstr(update, text) != NULL) {
      return update;
    }
    nymi_string_free(update);
  }
}

#endif
