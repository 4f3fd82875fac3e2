/* The handle interface with arguments, moments and systems that nobody planned for. */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "client.h"

#define NOT_UTF8 "\xff\xfe"

/* ---- Arguments ---------------------------------------------------------------------------- */

/* Every function with this client and otherwise good arguments; all have to answer the same. */
static void every_function_says(struct NymiClient *client, uint32_t expected) {
  const char *band = "AA:BB:CC:DD:EE:FF";
  uint8_t digest[32] = {0};
  struct NymiLookupQuery query = {.size = sizeof query, .username = "bob"};
  struct NymiAssertOptions options = {.size = sizeof options, .band = band};
  char *update = NULL;
  int descriptor = -1;
  struct NymiInit *init = NULL;
  struct NymiEndpoint *endpoint = NULL;
  struct NymiTap *tap = NULL;
  struct NymiEvent *event = NULL;
  struct NymiLookup *lookup = NULL;
  struct NymiAssertion *assertion = NULL;
  struct NymiUserStatus *status = NULL;
  struct NymiRandom *random = NULL;
  struct NymiSignature *signature = NULL;
  struct NymiKey *key = NULL;
  struct NymiTotp *totp = NULL;
  struct NymiFirmware *firmware = NULL;
  struct NymiInfo *info = NULL;
  struct NymiEndpoints *endpoints = NULL;
  CHECK_INT(nymi_client_put(client, "{}", NULL), expected);
  CHECK_INT(nymi_client_get(client, 0, &update, NULL), expected);
  CHECK_INT(nymi_client_wake(client), expected);
  CHECK_INT(nymi_client_descriptor(client, &descriptor, NULL), expected);
  CHECK_INT(nymi_client_init(client, NULL, NULL, &init, NULL), expected);
  CHECK_INT(nymi_client_subscribe(client, "x", NULL, &endpoint, NULL), expected);
  CHECK_INT(nymi_client_unsubscribe(client, "x", NULL, NULL), expected);
  CHECK_INT(nymi_client_cancel(client, "x", NULL), expected);
  CHECK_INT(nymi_client_wait_tap(client, NYMI_FOREVER, &tap, NULL), expected);
  CHECK_INT(nymi_client_wait_event(client, NYMI_FOREVER, &event, NULL), expected);
  CHECK_INT(nymi_client_lookup(client, &query, NULL, &lookup, NULL), expected);
  CHECK_INT(nymi_client_assert(client, &options, NULL, &assertion, NULL), expected);
  CHECK_INT(nymi_client_user_status(client, "a", "b", NULL, &status, NULL), expected);
  CHECK_INT(nymi_client_notify(client, band, 0, NULL, NULL), expected);
  CHECK_INT(nymi_client_random(client, band, 1, NULL, &random, NULL), expected);
  CHECK_INT(nymi_client_sign(client, band, digest, NULL, &signature, NULL), expected);
  CHECK_INT(nymi_client_symmetric_key(client, band, 0, NULL, NULL, &key, NULL), expected);
  CHECK_INT(nymi_client_totp(client, band, 1, NULL, &totp, NULL), expected);
  CHECK_INT(nymi_client_firmware(client, band, NULL, &firmware, NULL), expected);
  CHECK_INT(nymi_client_info(client, NULL, &info, NULL), expected);
  CHECK_INT(nymi_client_list_endpoints(client, NULL, &endpoints, NULL), expected);
  CHECK_INT(nymi_client_terminate(client), expected);
  CHECK(update == NULL && descriptor == -1 && init == NULL && endpoint == NULL && tap == NULL &&
        event == NULL && lookup == NULL && assertion == NULL && status == NULL && random == NULL &&
        signature == NULL && key == NULL && totp == NULL && firmware == NULL && info == NULL &&
        endpoints == NULL);
}

static void handles_that_are_none(void) {
  struct NymiClient *freed = lonely_client();
  CHECK_INT(nymi_client_free(freed), 0);
  int local = 0;
  char *heap = malloc(64);
  void *none[] = {NULL,  freed,         &local,      heap,
                  (void *)1, (void *)(uintptr_t)-1, (char *)freed + 2, stdout};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    every_function_says(none[i], NYMI_RESULT_BAD_HANDLE);
    CHECK_INT(nymi_client_free(none[i]), none[i] == NULL ? 0 : NYMI_RESULT_BAD_HANDLE);
  }
  /* A handle that is none comes before whatever else is wrong. */
  struct NymiLookupQuery nothing = {.size = sizeof nothing};
  struct NymiLookup *lookup = NULL;
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    CHECK_INT(nymi_client_lookup(none[i], &nothing, NULL, &lookup, NULL), NYMI_RESULT_BAD_HANDLE);
    CHECK_INT(nymi_client_unsubscribe(none[i], NULL, NULL, NULL), NYMI_RESULT_BAD_HANDLE);
  }
  /* Nor is anything freed that is not ours. */
  nymi_string_free(heap);
  nymi_tap_free((void *)heap);
  nymi_error_free((void *)&local);
  nymi_event_free((void *)freed);
  free(heap);
}

static void outputs_that_are_missing(struct NymiClient *client) {
  const char *band = "AA:BB:CC:DD:EE:FF";
  uint8_t digest[32] = {0};
  struct NymiLookupQuery query = {.size = sizeof query, .username = "bob"};
  struct NymiAssertOptions options = {.size = sizeof options, .band = band};
  struct NymiClientConfig config = lonely_config();
  const uint32_t bad = NYMI_RESULT_BAD_ARGUMENT;
  CHECK_INT(nymi_client_new(&config, NULL, NULL), bad);
  config.store_directory = "";
  struct NymiClient *none = NULL;
  CHECK_INT(nymi_client_new(&config, &none, NULL), bad);
  CHECK(none == NULL);
  CHECK_INT(nymi_client_get(client, NYMI_FOREVER, NULL, NULL), bad);
  CHECK_INT(nymi_client_descriptor(client, NULL, NULL), bad);
  CHECK_INT(nymi_client_wait_tap(client, NYMI_FOREVER, NULL, NULL), bad);
  CHECK_INT(nymi_client_wait_event(client, NYMI_FOREVER, NULL, NULL), bad);
  CHECK_INT(nymi_client_lookup(client, &query, NULL, NULL, NULL), bad);
  CHECK_INT(nymi_client_assert(client, &options, NULL, NULL, NULL), bad);
  CHECK_INT(nymi_client_user_status(client, "a", "b", NULL, NULL, NULL), bad);
  CHECK_INT(nymi_client_random(client, band, 1, NULL, NULL, NULL), bad);
  CHECK_INT(nymi_client_sign(client, band, digest, NULL, NULL, NULL), bad);
  CHECK_INT(nymi_client_symmetric_key(client, band, 0, NULL, NULL, NULL, NULL), bad);
  CHECK_INT(nymi_client_totp(client, band, 1, NULL, NULL, NULL), bad);
  CHECK_INT(nymi_client_firmware(client, band, NULL, NULL, NULL), bad);
  CHECK_INT(nymi_client_info(client, NULL, NULL, NULL), bad);
  CHECK_INT(nymi_client_list_endpoints(client, NULL, NULL, NULL), bad);
}

/* The call fails as a bad argument that is this one. */
#define BAD(call, name)                                                                        \
  do {                                                                                         \
    struct NymiError *error = NULL;                                                            \
    CHECK_INT(call, NYMI_RESULT_BAD_ARGUMENT);                                                 \
    CHECK(strncmp(error->detail, name, strlen(name)) == 0);                                    \
    nymi_error_free(error);                                                                    \
  } while (0)

static void texts_that_are_none(struct NymiClient *client) {
  size_t size = (size_t)4 << 20;
  char *huge = malloc(size + 1);
  CHECK(huge != NULL);
  memset(huge, 'a', size);
  huge[size] = 0;
  const char *texts[] = {NOT_UTF8, huge};
  uint8_t digest[32] = {0};
  struct NymiEndpoint *endpoint;
  struct NymiUserStatus *status;
  struct NymiSignature *signature;
  struct NymiAssertion *assertion;
  struct NymiLookup *lookup;
  struct NymiClient *none;
  for (size_t i = 0; i < 2; i++) {
    const char *text = texts[i];
    struct NymiClientConfig config = lonely_config();
    config.agent_url = text;
    BAD(nymi_client_new(&config, &none, &error), "agent_url");
    config = lonely_config();
    config.log_directory = text;
    BAD(nymi_client_new(&config, &none, &error), "log_directory");
    BAD(nymi_client_put(client, text, &error), "json");
    BAD(nymi_client_subscribe(client, text, NULL, &endpoint, &error), "named: ");
    BAD(nymi_client_user_status(client, "a", text, NULL, &status, &error), "domain: ");
    BAD(nymi_client_sign(client, text, digest, NULL, &signature, &error), "band: ");
    struct NymiCall call = {.size = sizeof call, .exchange = text};
    BAD(nymi_client_unsubscribe(client, "x", &call, &error), "exchange");
    struct NymiAssertOptions options = {.size = sizeof options, .band = "x", .meaning = text};
    BAD(nymi_client_assert(client, &options, NULL, &assertion, &error), "meaning");
    struct NymiLookupQuery query = {.size = sizeof query, .username = text};
    BAD(nymi_client_lookup(client, &query, NULL, &lookup, &error), "username: ");
  }
  free(huge);
  BAD(nymi_client_put(client, NULL, &error), "json");
  BAD(nymi_client_subscribe(client, NULL, NULL, &endpoint, &error), "named: ");
  BAD(nymi_client_sign(client, NULL, digest, NULL, &signature, &error), "band: ");
  BAD(nymi_client_sign(client, "x", NULL, NULL, &signature, &error), "sha256");
  BAD(nymi_client_lookup(client, NULL, NULL, &lookup, &error), "NymiLookupQuery");
  BAD(nymi_client_assert(client, NULL, NULL, &assertion, &error), "NymiAssertOptions");
  struct NymiCall call = {.size = 1};
  BAD(nymi_client_unsubscribe(client, "x", &call, &error), "NymiCall");
  struct NymiClientConfig config = lonely_config();
  config.nea_name = "9starts";
  BAD(nymi_client_new(&config, &none, &error), "nea_name: expected an application name:");
  config = lonely_config();
  config.log_level = 5;
  BAD(nymi_client_new(&config, &none, &error), "log_level");
  config.log_level = NAPI_LOG_INFO;
  BAD(nymi_client_new(&config, &none, &error), "log_directory");
  config.log_directory = "";
  BAD(nymi_client_new(&config, &none, &error), "log_directory: empty; NULL stands for");
  config = lonely_config();
  config.on_log_level = 77;
  BAD(nymi_client_new(&config, &none, &error), "on_log_level");
  BAD(nymi_client_new(NULL, &none, &error), "NymiClientConfig");

  /* What the core says of a request reaches the caller as it is. */
  struct NymiError *error = NULL;
  call.size = sizeof call;
  call.timeout_ms = 120001;
  CHECK_INT(nymi_client_unsubscribe(client, "x", &call, &error), NYMI_STATUS_INVALID_FIELD);
  CHECK(strstr(error->detail, "timeout_ms") != NULL);
  nymi_error_free(error);
}

/* ---- The system --------------------------------------------------------------------------- */

static int entries(const char *folder) {
  DIR *open = opendir(folder);
  CHECK(open != NULL);
  int count = 0;
  while (readdir(open) != NULL) {
    count++;
  }
  closedir(open);
  return count;
}

/* Threads that were told to end may take a moment. */
static void settles(const char *folder, int most) {
  for (int i = 0; i < 1000 && entries(folder) > most; i++) {
    usleep(10000);
  }
  CHECK(entries(folder) <= most);
}

/* A request, and its answer. */
static void put_and_get(struct NymiClient *client, const char *exchange) {
  char request[100], named[50];
  snprintf(request, sizeof request, "{\"operation\":\"info\",\"exchange\":\"%s\"}", exchange);
  snprintf(named, sizeof named, "\"exchange\":\"%s\"", exchange);
  CHECK_INT(nymi_client_put(client, request, NULL), 0);
  nymi_string_free(get_with(client, named));
}

static void no_descriptor_is_left(void) {
  struct rlimit before, none;
  CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
  none = before;
  none.rlim_cur = 3;
  struct NymiClientConfig config = lonely_config();
  struct NymiClient *client = NULL;
  struct NymiError *error = NULL;
  CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
  uint32_t result = nymi_client_new(&config, &client, &error);
  CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
  CHECK_INT(result, NYMI_RESULT_SYSTEM);
  CHECK(client == NULL && error->detail[0] != 0);
  nymi_error_free(error);
}

/* Against the rules, but no reason to end the process. */
static void a_descriptor_that_the_program_closed(void) {
  struct NymiClient *client = lonely_client();
  int descriptor = -1;
  CHECK_INT(nymi_client_descriptor(client, &descriptor, NULL), 0);
  CHECK_INT(close(descriptor), 0);
  CHECK_INT(nymi_client_put(client, "{\"operation\":\"info\",\"exchange\":\"e\"}", NULL), 0);
  nymi_string_free(get_with(client, "\"exchange\":\"e\""));
  CHECK_INT(nymi_client_free(client), 0);
}

static void logs_that_cannot_be_written(const char *logs) {
  struct NymiClientConfig config = lonely_config();
  config.log_level = NAPI_LOG_VERBOSE;
  struct NymiClient *client = NULL;
  struct NymiError *error = NULL;
  config.log_directory = "/nowhere/at/all";
  CHECK_INT(nymi_client_new(&config, &client, &error), NYMI_RESULT_LOG_UNUSABLE);
  CHECK(strstr(error->detail, "/nowhere/at/all") != NULL);
  CHECK(strstr(error->detail, "Name a directory that this user can write to") != NULL);
  nymi_error_free(error);

  char folder[500], file[600];
  snprintf(folder, sizeof folder, "%s/%s", logs, "gone");
  snprintf(file, sizeof file, "%s/nymi_api.log", folder);
  config.log_directory = folder;
  CHECK_INT(mkdir(folder, 0700), 0);
  CHECK_INT(symlink("/dev/full", file), 0);
  CHECK_INT(nymi_client_new(&config, &client, &error), NYMI_RESULT_LOG_UNUSABLE);
  CHECK(strstr(error->detail, "symbolic link") != NULL);
  CHECK(strstr(error->detail, "Remove that file, or name another directory") != NULL);
  nymi_error_free(error);
  CHECK_INT(unlink(file), 0);
  CHECK_INT(mkfifo(file, 0600), 0);
  CHECK_INT(nymi_client_new(&config, &client, &error), NYMI_RESULT_LOG_UNUSABLE);
  CHECK(strstr(error->detail, "Remove that file, or name another directory") != NULL);
  nymi_error_free(error);
  CHECK_INT(unlink(file), 0);

  /* A folder that vanishes: the client does not mind. */
  CHECK_INT(nymi_client_new(&config, &client, NULL), 0);
  CHECK_INT(unlink(file), 0);
  CHECK_INT(rmdir(folder), 0);
  put_and_get(client, "gone");
  CHECK_INT(nymi_client_free(client), 0);
}

/* What the file has, while the client writes to it. */
static off_t size_of(const char *file) {
  struct stat status;
  CHECK_INT(stat(file, &status), 0);
  return status.st_size;
}

/* To the system this file is full, as a disk is; the signal that comes with it kills whoever has not
   blocked it. */
static void a_log_without_room_is_no_fault(const char *logs) {
  enum { ROOM = 4096 };
  struct rlimit before, full;
  CHECK_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
  full = before;
  full.rlim_cur = ROOM;
  char file[600];
  snprintf(file, sizeof file, "%s/nymi_api.log", logs);
  unlink(file);
  struct NymiClientConfig config = lonely_config();
  config.log_directory = logs;
  config.log_level = NAPI_LOG_VERBOSE;
  struct NymiClient *client = NULL;
  CHECK_INT(setrlimit(RLIMIT_FSIZE, &full), 0);
  CHECK_INT(nymi_client_new(&config, &client, NULL), 0);
  for (int i = 0; i < 20000 && size_of(file) < ROOM; i++) {
    put_and_get(client, "fill");
  }
  CHECK_INT(size_of(file), ROOM);
  put_and_get(client, "full");
  /* With room again lines come again. */
  CHECK_INT(setrlimit(RLIMIT_FSIZE, &before), 0);
  for (int i = 0; i < 20000 && size_of(file) == ROOM; i++) {
    put_and_get(client, "room");
  }
  CHECK(size_of(file) > ROOM);
  CHECK_INT(nymi_client_free(client), 0);
  CHECK_INT(unlink(file), 0);
}

static void a_child_of_fork_gets_an_error(struct NymiClient *client) {
  struct NymiError *error = NULL;
  CHECK_INT(nymi_client_put(client, "{", &error), NYMI_RESULT_BAD_ARGUMENT);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(20); /* rather than waiting for a lock for ever */
    struct NymiClientConfig config = lonely_config();
    struct NymiClient *none;
    every_function_says(client, NYMI_RESULT_FORKED);
    CHECK_INT(nymi_client_new(&config, &none, NULL), NYMI_RESULT_FORKED);
    CHECK_INT(nymi_client_free(client), NYMI_RESULT_FORKED);
    nymi_error_free(error);
    CHECK_INT(nymi_client_put(client, "{}", &error), NYMI_RESULT_FORKED);
    CHECK(error->code == NYMI_RESULT_FORKED && strstr(error->message, "fork") != NULL);
    nymi_error_free(error);
    CHECK_INT(napiConfigure("Records", NULL, NULL, 0, NO_AGENT, ""), NAPI_CONFIGURE_ERROR);
    CHECK_INT(napiPut("{}"), NAPI_PUT_NAPI_NOT_RUNNING);
    napiTerminate();
    CHECK(nymi_version() != NULL);
    /* What a child is for. Nor would a tool that looks for leaks find what its parent's threads hold. */
    execlp("true", "true", (char *)NULL);
    _exit(1);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK_INT(status, 0);
  nymi_error_free(error);
  CHECK_INT(nymi_client_put(client, "{\"operation\":\"info\",\"exchange\":\"still\"}", NULL), 0);
  nymi_string_free(get_with(client, "\"exchange\":\"still\""));
}

/* ---- Freed twice -------------------------------------------------------------------------- */

static void what_is_freed_twice_does_not_free_another(struct NymiClient *client) {
  struct NymiError *first = NULL;
  CHECK_INT(nymi_client_put(client, "{", &first), NYMI_RESULT_BAD_ARGUMENT);
  nymi_error_free(first);
  for (int i = 0; i < 64; i++) {
    struct NymiError *next = NULL;
    CHECK_INT(nymi_client_put(client, "{", &next), NYMI_RESULT_BAD_ARGUMENT);
    CHECK(next != first);
    nymi_error_free(first);
    CHECK(next->code == NYMI_RESULT_BAD_ARGUMENT && strlen(next->message) > 0);
    nymi_error_free(next);
  }
}

/* ---- From within callbacks ---------------------------------------------------------------- */

/* A client whose callbacks do what no one would; the handle comes after the first calls. */
struct reckless {
  struct NymiClient *_Atomic client;
  struct reckless *frees; /* whose client the callback frees */
  _Atomic int begun, done;
};

static struct NymiClient *client_of(struct reckless *reckless) {
  while (reckless->client == NULL) {
    usleep(1000);
  }
  return reckless->client;
}

static void wait_until(_Atomic int *done) {
  for (int i = 0; i < 3000 && !*done; i++) {
    usleep(10000);
  }
  CHECK(*done);
}

static void do_everything(struct NymiClient *client) {
  struct NymiInit *init = NULL;
  char *update = NULL;
  CHECK_INT(nymi_client_put(client, "{\"operation\":\"info\"}", NULL), 0);
  CHECK_INT(nymi_client_init(client, NULL, NULL, &init, NULL), NYMI_STATUS_CERTIFICATES);
  CHECK_INT(nymi_client_wake(client), 0);
  struct NymiClient *another = lonely_client();
  nymi_string_free(get_with(another, "4000"));
  CHECK_INT(nymi_client_free(another), 0);
  nymi_client_get(client, 0, &update, NULL);
  nymi_string_free(update);
  CHECK_INT(napiConfigure("Records", NULL, NULL, 0, NO_AGENT, ""), NAPI_CONFIGURE_OKAY);
  napiTerminate();
  CHECK_INT(nymi_client_terminate(client), 0);
  CHECK_INT(nymi_client_init(client, NULL, NULL, &init, NULL), NYMI_RESULT_TERMINATED);
  CHECK_INT(nymi_client_free(client), 0);
  every_function_says(client, NYMI_RESULT_BAD_HANDLE);
}

static void reckless_update(void *user_data, const char *update) {
  struct reckless *reckless = user_data;
  (void)update;
  CHECK(!reckless->done);
  do_everything(client_of(reckless));
  reckless->done = 1;
}

static void reckless_log(void *user_data, uint32_t level, const char *line) {
  (void)level;
  reckless_update(user_data, line);
}

static void free_the_other(void *user_data, const char *update) {
  struct reckless *reckless = user_data;
  (void)update;
  if (reckless->begun++ > 0) {
    return; /* the end, if it comes to be told */
  }
  while (!reckless->frees->begun) {
    usleep(1000); /* both are in their callbacks */
  }
  CHECK_INT(nymi_client_free(client_of(reckless->frees)), 0);
  reckless->done = 1;
}

static void callbacks_may_do_everything(void) {
  for (int from_log = 0; from_log < 2; from_log++) {
    struct reckless reckless = {.client = NULL};
    struct NymiClientConfig config = lonely_config();
    config.on_update = from_log ? NULL : reckless_update;
    config.on_log = from_log ? reckless_log : NULL;
    config.on_log_level = NAPI_LOG_VERBOSE;
    config.user_data = &reckless;
    struct NymiClient *client;
    CHECK_INT(nymi_client_new(&config, &client, NULL), 0);
    reckless.client = client;
    wait_until(&reckless.done);
    CHECK_INT(nymi_client_free(client), NYMI_RESULT_BAD_HANDLE);
  }
  /* Three that free each other in a circle, each from its callback. */
  static struct reckless circle[3];
  for (int i = 0; i < 3; i++) {
    circle[i].frees = &circle[(i + 1) % 3];
    struct NymiClientConfig config = lonely_config();
    config.on_update = free_the_other;
    config.user_data = &circle[i];
    struct NymiClient *client;
    CHECK_INT(nymi_client_new(&config, &client, NULL), 0);
    circle[i].client = client;
  }
  for (int i = 0; i < 3; i++) {
    wait_until(&circle[i].done);
  }
}

/* ---- Everything at once ------------------------------------------------------------------- */

enum { THREADS = 8, ROUNDS = 150, CLIENTS = 3 };

static struct NymiClient *_Atomic clients[CLIENTS];

static void count_update(void *user_data, const char *update) {
  (void)update;
  (*(_Atomic int *)user_data)++;
}

static void *chaos(void *argument) {
  static _Atomic int updates;
  unsigned int seed = (unsigned int)(uintptr_t)argument;
  for (int round = 0; round < ROUNDS; round++) {
    seed = seed * 1664525 + 1013904223;
    struct NymiClient *_Atomic *place = &clients[(seed >> 8) % CLIENTS];
    struct NymiClient *client = *place;
    struct NymiError *error = NULL;
    struct NymiEndpoint *endpoint = NULL;
    struct NymiTap *tap = NULL;
    struct NymiInit *init = NULL;
    char *update = NULL;
    int descriptor;
    uint32_t result = 0;
    switch ((seed >> 16) % 12) {
      case 0: {
        struct NymiClientConfig config = lonely_config();
        config.on_update = seed >> 31 ? count_update : NULL;
        config.user_data = &updates;
        CHECK_INT(nymi_client_new(&config, &client, NULL), 0);
        *place = client; /* the one before may stay; freed at the end of its process or here */
        break;
      }
      case 1: result = nymi_client_free(client); break;
      case 2: result = nymi_client_terminate(client); break;
      case 3: result = nymi_client_wake(client); break;
      case 4: result = nymi_client_get(client, 5, &update, &error); break;
      case 5: result = nymi_client_wait_tap(client, 5, &tap, &error); break;
      case 6: result = nymi_client_descriptor(client, &descriptor, &error); break;
      case 7: result = nymi_client_subscribe(client, "x", NULL, &endpoint, &error); break;
      case 8: result = nymi_client_init(client, NULL, NULL, &init, &error); break;
      case 9: result = nymi_client_put(client, "{\"operation\":\"info\"}", &error); break;
      case 10: result = nymi_client_cancel(client, "x", &error); break;
      default: result = nymi_client_put(client, "{", &error); break;
    }
    CHECK(result != NYMI_RESULT_FAULT && result != NYMI_STATUS_INTERNAL);
    CHECK(error == NULL || error->code == result);
    nymi_error_free(error);
    nymi_string_free(update);
    nymi_endpoint_free(endpoint);
    nymi_tap_free(tap);
    nymi_init_free(init);
    nymi_init_free(init);
  }
  return NULL;
}

static void everything_at_once(void) {
  pthread_t threads[THREADS];
  for (int i = 0; i < CLIENTS; i++) {
    clients[i] = lonely_client();
  }
  for (uintptr_t i = 0; i < THREADS; i++) {
    CHECK_INT(pthread_create(&threads[i], NULL, chaos, (void *)(i + 1)), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    CHECK_INT(pthread_join(threads[i], NULL), 0);
  }
}

static void nothing_is_left_after_many_clients(void) {
  for (int round = 0; round < 2; round++) {
    int threads = entries("/proc/self/task"), descriptors = entries("/proc/self/fd");
    for (int i = 0; i < 100; i++) {
      struct NymiClientConfig config = lonely_config();
      _Atomic int updates = 0;
      config.on_update = i % 2 ? count_update : NULL;
      config.user_data = &updates;
      struct NymiClient *client;
      CHECK_INT(nymi_client_new(&config, &client, NULL), 0);
      int descriptor;
      nymi_client_descriptor(client, &descriptor, NULL);
      CHECK_INT(nymi_client_free(client), 0);
    }
    settles("/proc/self/task", threads);
    settles("/proc/self/fd", descriptors);
  }
}

int main(int argc, char **argv) {
  CHECK_INT(argc, 2);
  handles_that_are_none();
  struct NymiClient *client = lonely_client();
  outputs_that_are_missing(client);
  texts_that_are_none(client);
  no_descriptor_is_left();
  a_descriptor_that_the_program_closed();
  logs_that_cannot_be_written(argv[1]);
  a_log_without_room_is_no_fault(argv[1]);
  what_is_freed_twice_does_not_free_another(client);
  a_child_of_fork_gets_an_error(client);
  CHECK_INT(nymi_client_free(client), 0);
  callbacks_may_do_everything();
  nothing_is_left_after_many_clients();
  everything_at_once();
  return 0;
}
