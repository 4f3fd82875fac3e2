/* Threads of the program that are cancelled within a call end after it, and nothing else does. */
#define _DEFAULT_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"
#include "client.h"

static atomic_int calls;

/* Calls without end; only a cancellation ends it, at a cancellation point of its own. */
static void *get_again_and_again(void *client) {
  for (;;) {
    char *update = NULL;
    nymi_client_get(client, 5, &update, NULL);
    nymi_string_free(update);
    nymi_client_put(client, "{\"operation\":\"info\"}", NULL);
    calls++;
    pthread_testcancel();
  }
  return NULL;
}

/* Starts and ends clients, which open files and start threads. */
static void *start_again_and_again(void *log_directory) {
  for (;;) {
    struct NymiClientConfig config = lonely_config();
    config.log_directory = log_directory;
    config.log_level = NAPI_LOG_VERBOSE;
    struct NymiClient *client = NULL;
    CHECK_INT(nymi_client_new(&config, &client, NULL), 0);
    int descriptor = -1;
    CHECK_INT(nymi_client_descriptor(client, &descriptor, NULL), 0);
    CHECK_INT(nymi_client_free(client), 0);
    calls++;
    pthread_testcancel();
  }
  return NULL;
}

static void cancelled(void *(*work)(void *), void *given) {
  for (int round = 0; round < 20; round++) {
    pthread_t thread;
    const int before = calls;
    CHECK_INT(pthread_create(&thread, NULL, work, given), 0);
    /* Not before it is at it, and each time at another moment. */
    while (calls == before) usleep(100);
    usleep(731 * (unsigned)round);
    CHECK_INT(pthread_cancel(thread), 0);
    void *result = NULL;
    CHECK_INT(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
  }
}

int main(void) {
  struct NymiClient *client = lonely_client();
  int descriptor = -1;
  CHECK_INT(nymi_client_descriptor(client, &descriptor, NULL), 0);
  cancelled(get_again_and_again, client);
  CHECK_INT(nymi_client_free(client), 0);
  char folder[] = "/tmp/nymi-cancelled-XXXXXX";
  CHECK(mkdtemp(folder) != NULL);
  cancelled(start_again_and_again, folder);
  char log[64];
  snprintf(log, sizeof log, "%s/nymi_api.log", folder);
  unlink(log);
  CHECK_INT(rmdir(folder), 0);
  return 0;
}
