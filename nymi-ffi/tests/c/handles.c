/* The handle interface in the order in which a program meets it, without an agent. */
#define _POSIX_C_SOURCE 200809L
#ifdef _WIN32
#include <windows.h>
#else
#include <poll.h>
#endif
#include <pthread.h>

#include "check.h"
#include "client.h"

/* ---- Making, asking, freeing -------------------------------------------------------------- */

static void a_client_answers_and_is_gone_after_free(void) {
  struct NymiClient *client = lonely_client();
  char *update = get_with(client, "\"status\":4000");
  CHECK(strstr(update, "\"operation\":\"error\",\"exchange\":null") != NULL);
  nymi_string_free(update);

  CHECK_INT(nymi_client_put(client, "{\"operation\":\"info\",\"exchange\":\"e1\"}", NULL), 0);
  update = get_with(client, "\"exchange\":\"e1\"");
  CHECK(strstr(update, "\"status\":0") != NULL);
  nymi_string_free(update);
  nymi_string_free(update); /* twice is harmless */

  update = (char *)"untouched";
  CHECK_INT(nymi_client_get(client, 0, &update, NULL), NYMI_RESULT_TIMEOUT);
  CHECK_INT(nymi_client_get(client, 1, &update, NULL), NYMI_RESULT_TIMEOUT);
  CHECK(strcmp(update, "untouched") == 0);

  struct NymiError *error = NULL;
  CHECK_INT(nymi_client_put(client, "{", &error), NYMI_RESULT_BAD_ARGUMENT);
  CHECK_INT(error->code, NYMI_RESULT_BAD_ARGUMENT);
  CHECK_INT(error->nsl, 0);
  CHECK(strstr(error->detail, "json") != NULL && error->message[0] != 0);
  nymi_error_free(error);
  nymi_error_free(error);

  CHECK_INT(nymi_client_terminate(client), 0);
  CHECK_INT(nymi_client_terminate(client), 0);
  CHECK_INT(nymi_client_put(client, "{}", NULL), NYMI_RESULT_TERMINATED);
  CHECK_INT(nymi_client_get(client, 0, &update, NULL), NYMI_RESULT_TERMINATED);
  struct NymiInit *init = NULL;
  CHECK_INT(nymi_client_init(client, NULL, NULL, &init, NULL), NYMI_RESULT_TERMINATED);

  CHECK_INT(nymi_client_free(client), 0);
  CHECK_INT(nymi_client_free(client), NYMI_RESULT_BAD_HANDLE);
  CHECK_INT(nymi_client_put(client, "{}", &error), NYMI_RESULT_BAD_HANDLE);
  CHECK_INT(error->code, NYMI_RESULT_BAD_HANDLE);
  nymi_error_free(error);
  CHECK_INT(nymi_client_free(NULL), 0);

  struct NymiClient *another = lonely_client();
  CHECK(another != client); /* the old handle stays dead although its place is used again */
  CHECK_INT(nymi_client_wake(client), NYMI_RESULT_BAD_HANDLE);
  CHECK_INT(nymi_client_free(another), 0);
}

static void clients_do_not_mix(void) {
  struct NymiClient *clients[5];
  for (int i = 0; i < 5; i++) {
    clients[i] = lonely_client();
  }
  for (int i = 0; i < 5; i++) {
    char request[80];
    snprintf(request, sizeof request, "{\"operation\":\"info\",\"exchange\":\"mine %d\"}", i);
    CHECK_INT(nymi_client_put(clients[i], request, NULL), 0);
  }
  CHECK_INT(nymi_client_free(clients[2]), 0);
  for (int i = 0; i < 5; i++) {
    if (i == 2) {
      continue;
    }
    char *update, mine[20];
    snprintf(mine, sizeof mine, "mine %d", i);
    do {
      CHECK_INT(nymi_client_get(clients[i], 10000, &update, NULL), 0);
      int foreign = strstr(update, "mine ") != NULL && strstr(update, mine) == NULL;
      CHECK(!foreign);
    } while (strstr(update, mine) == NULL && (nymi_string_free(update), 1));
    nymi_string_free(update);
    CHECK_INT(nymi_client_free(clients[i]), 0);
  }
  /* The classic client is one more, and none of the others. */
  CHECK_INT(napiConfigure("Records", NULL, NULL, NAPI_LOG_NONE, NO_AGENT, ""), 0);
  struct NymiClient *client = lonely_client();
  napiTerminate();
  CHECK_INT(nymi_client_put(client, "{\"operation\":\"info\"}", NULL), 0);
  CHECK_INT(nymi_client_free(client), 0);
}

static void the_config_can_grow(void) {
  struct NymiError *error = NULL;
  struct NymiClient *client = NULL;
  struct {
    struct NymiClientConfig known;
    void *unknown;
  } newer = {.known = lonely_config(), .unknown = NULL};
  newer.known.size = sizeof newer;
  CHECK_INT(nymi_client_new(&newer.known, &client, NULL), 0);
  CHECK_INT(nymi_client_free(client), 0);
  newer.unknown = &newer;
  CHECK_INT(nymi_client_new(&newer.known, &client, &error), NYMI_RESULT_TOO_NEW);
  nymi_error_free(error);
  size_t sizes[] = {0, 1, sizeof(size_t), sizeof newer.known - 1, 1 << 20, (size_t)-1};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    newer.known.size = sizes[i];
    CHECK_INT(nymi_client_new(&newer.known, &client, &error), NYMI_RESULT_BAD_ARGUMENT);
    CHECK(strstr(error->detail, "sizeof (struct NymiClientConfig)") != NULL);
    nymi_error_free(error);
  }
}

/* ---- Waiting ------------------------------------------------------------------------------ */

struct waiting {
  struct NymiClient *client;
  uint32_t (*wait)(struct NymiClient *client);
  uint32_t result;
};

static uint32_t wait_for_update(struct NymiClient *client) {
  char *update;
  for (;;) {
    uint32_t result = nymi_client_get(client, NYMI_FOREVER, &update, NULL);
    if (result != NYMI_RESULT_OKAY) {
      return result;
    }
    nymi_string_free(update);
  }
}

static uint32_t wait_for_tap(struct NymiClient *client) {
  struct NymiTap *tap;
  uint32_t result;
  do { /* a failure that nobody asked for is told, too */
    result = nymi_client_wait_tap(client, NYMI_FOREVER, &tap, NULL);
  } while (result == NYMI_STATUS_AGENT_MISSING);
  return result;
}

static uint32_t wait_for_event(struct NymiClient *client) {
  struct NymiEvent *event;
  for (;;) {
    uint32_t result = nymi_client_wait_event(client, NYMI_FOREVER, &event, NULL);
    if (result != NYMI_RESULT_OKAY) {
      return result;
    }
    nymi_event_free(event);
  }
}

static void *waiter(void *argument) {
  struct waiting *waiting = argument;
  waiting->result = waiting->wait(waiting->client);
  return NULL;
}

/* Whether the wake comes before or in the wait makes no difference. */
static void ends_with(uint32_t (*wait)(struct NymiClient *), uint32_t (*end)(struct NymiClient *),
                      uint32_t expected) {
  for (int round = 0; round < 5; round++) {
    struct waiting waiting = {.client = lonely_client(), .wait = wait};
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, waiter, &waiting), 0);
    for (volatile int i = 0; i < round * 50000; i++) {
      /* so that the end comes before, at or in the wait */
    }
    CHECK_INT(end(waiting.client), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    if (end == nymi_client_free && waiting.result == NYMI_RESULT_BAD_HANDLE) {
      continue; /* freed before the wait began */
    }
    CHECK_INT(waiting.result, expected);
    nymi_client_free(waiting.client);
  }
}

static void waits_end(void) {
  uint32_t (*waits[])(struct NymiClient *) = {wait_for_update, wait_for_tap, wait_for_event};
  for (int i = 0; i < 3; i++) {
    ends_with(waits[i], nymi_client_wake, NYMI_RESULT_INTERRUPTED);
    ends_with(waits[i], nymi_client_terminate, NYMI_RESULT_TERMINATED);
    ends_with(waits[i], nymi_client_free, NYMI_RESULT_TERMINATED);
  }
}

#ifdef _WIN32
static int is_readable(int descriptor, int timeout_ms) {
  DWORD ended = WaitForSingleObject((HANDLE)(intptr_t)descriptor, (DWORD)timeout_ms);
  CHECK(ended == WAIT_OBJECT_0 || ended == WAIT_TIMEOUT);
  return ended == WAIT_OBJECT_0;
}
#else
static int is_readable(int descriptor, int timeout_ms) {
  struct pollfd for_poll = {.fd = descriptor, .events = POLLIN};
  int ready = poll(&for_poll, 1, timeout_ms);
  CHECK(ready >= 0);
  return ready;
}
#endif

static void an_event_loop_can_wait(void) {
  struct NymiClient *client = lonely_client();
  char *update = get_with(client, "\"status\":4000");
  nymi_string_free(update);
  int descriptor = -1, again = -1;
  CHECK_INT(nymi_client_descriptor(client, &descriptor, NULL), 0);
  CHECK_INT(nymi_client_descriptor(client, &again, NULL), 0);
  CHECK_INT(descriptor, again);
  for (int round = 0; round < 3; round++) {
    CHECK(!is_readable(descriptor, 0));
    CHECK_INT(nymi_client_put(client, "{\"operation\":\"no\",\"exchange\":\"a\"}", NULL), 0);
    CHECK_INT(nymi_client_put(client, "{\"operation\":\"no\",\"exchange\":\"b\"}", NULL), 0);
    CHECK(is_readable(descriptor, 10000));
    nymi_string_free(get_with(client, "\"exchange\":\"a\""));
    CHECK(is_readable(descriptor, 0)); /* level-triggered */
    nymi_string_free(get_with(client, "\"exchange\":\"b\""));
  }
  CHECK(!is_readable(descriptor, 0));
  CHECK_INT(nymi_client_terminate(client), 0);
  CHECK(is_readable(descriptor, 10000));
  CHECK_INT(nymi_client_get(client, 0, &update, NULL), NYMI_RESULT_TERMINATED);
  CHECK(is_readable(descriptor, 0));
  CHECK_INT(nymi_client_free(client), 0);

  /* Updates that were there before the descriptor make it readable, too. */
  client = lonely_client();
  CHECK_INT(nymi_client_put(client, "{\"operation\":\"no\"}", NULL), 0);
  CHECK_INT(nymi_client_descriptor(client, &descriptor, NULL), 0);
  CHECK(is_readable(descriptor, 0));
  CHECK_INT(nymi_client_free(client), 0);
}

/* ---- Callbacks ---------------------------------------------------------------------------- */

struct heard {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct NymiClient *client;
  pthread_t thread;
  int updates, lines, answers, ended, free_in_callback;
  uint32_t freed;
};

static void on_update(void *user_data, const char *update) {
  struct heard *heard = user_data;
  CHECK_INT(pthread_mutex_lock(&heard->lock), 0);
  CHECK_INT(heard->ended, 0);
  if (heard->updates++ > 0 || heard->lines > 0) {
    CHECK(pthread_equal(heard->thread, pthread_self()));
  }
  heard->thread = pthread_self();
  if (update == NULL) {
    heard->ended = 1;
  } else if (strstr(update, "\"exchange\":\"from callback\"") != NULL) {
    heard->answers++;
  } else if (strstr(update, "\"status\":4000") != NULL && heard->client != NULL) {
    /* Everything may be called from here. */
    char *none;
    struct NymiInit *init;
    CHECK_INT(nymi_client_put(heard->client,
                              "{\"operation\":\"info\",\"exchange\":\"from callback\"}", NULL),
              0);
    CHECK_INT(nymi_client_get(heard->client, NYMI_FOREVER, &none, NULL), NYMI_RESULT_CALLBACK_MODE);
    CHECK_INT(nymi_client_init(heard->client, NULL, NULL, &init, NULL), NYMI_STATUS_CERTIFICATES);
    if (heard->free_in_callback) {
      heard->freed = nymi_client_free(heard->client);
      heard->ended = 1;
    }
  }
  CHECK_INT(pthread_cond_signal(&heard->changed), 0);
  CHECK_INT(pthread_mutex_unlock(&heard->lock), 0);
}

static void on_log(void *user_data, uint32_t level, const char *line) {
  struct heard *heard = user_data;
  CHECK_INT(pthread_mutex_lock(&heard->lock), 0);
  if (heard->updates > 0 || heard->lines > 0) {
    CHECK(pthread_equal(heard->thread, pthread_self()));
  }
  heard->thread = pthread_self();
  CHECK(level >= NAPI_LOG_NORMAL && level <= NAPI_LOG_DEBUG);
  CHECK(strchr(line, '\n') == NULL && strstr(line, " - ") != NULL);
  heard->lines++;
  CHECK_INT(pthread_cond_signal(&heard->changed), 0);
  CHECK_INT(pthread_mutex_unlock(&heard->lock), 0);
}

static void start_hearing(struct heard *heard) {
  CHECK_INT(pthread_mutex_init(&heard->lock, NULL), 0);
  CHECK_INT(pthread_cond_init(&heard->changed, NULL), 0);
  struct NymiClientConfig config = lonely_config();
  config.on_update = on_update;
  config.on_log = on_log;
  config.on_log_level = NAPI_LOG_DEBUG;
  config.user_data = heard;
  CHECK_INT(pthread_mutex_lock(&heard->lock), 0);
  CHECK_INT(nymi_client_new(&config, &heard->client, NULL), 0);
}

static void callbacks_hear_everything_on_one_thread(void) {
  struct heard heard = {.client = NULL};
  start_hearing(&heard);
  while (heard.answers == 0 || heard.lines == 0) {
    CHECK_INT(pthread_cond_wait(&heard.changed, &heard.lock), 0);
  }
  CHECK(!pthread_equal(heard.thread, pthread_self()));
  CHECK_INT(pthread_mutex_unlock(&heard.lock), 0);
  int none;
  struct NymiError *error;
  CHECK_INT(nymi_client_descriptor(heard.client, &none, &error), NYMI_RESULT_CALLBACK_MODE);
  CHECK(strstr(error->detail, "on_update") != NULL);
  nymi_error_free(error);
  CHECK_INT(nymi_client_terminate(heard.client), 0);
  CHECK_INT(pthread_mutex_lock(&heard.lock), 0);
  while (!heard.ended) {
    CHECK_INT(pthread_cond_wait(&heard.changed, &heard.lock), 0);
  }
  CHECK_INT(pthread_mutex_unlock(&heard.lock), 0);
  CHECK_INT(nymi_client_free(heard.client), 0);
  /* No callback runs any more, so what it used may go. */
  CHECK_INT(pthread_mutex_destroy(&heard.lock), 0);
  memset(&heard, 0xff, sizeof heard);
}

static void a_callback_may_free_its_client(void) {
  struct heard heard = {.free_in_callback = 1};
  start_hearing(&heard);
  while (!heard.ended) {
    CHECK_INT(pthread_cond_wait(&heard.changed, &heard.lock), 0);
  }
  CHECK_INT(pthread_mutex_unlock(&heard.lock), 0);
  CHECK_INT(heard.freed, 0);
  CHECK_INT(nymi_client_free(heard.client), NYMI_RESULT_BAD_HANDLE);
}

int main(void) {
  a_client_answers_and_is_gone_after_free();
  clients_do_not_mix();
  the_config_can_grow();
  waits_end();
  an_event_loop_can_wait();
  callbacks_hear_everything_on_one_thread();
  a_callback_may_free_its_client();
  return 0;
}
