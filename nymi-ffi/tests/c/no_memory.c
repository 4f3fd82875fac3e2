/* Memory runs out, at every place at which it can: calls refuse or succeed, and nothing ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>

#include "check.h"
#include "client.h"

/* ---- An allocator that refuses ------------------------------------------------------------ */

/* The library's allocations come here, since a program's functions go before those of libc. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

/* From this size on, on every thread. */
static _Atomic size_t refused_size = SIZE_MAX;
/* After as many on this thread; less than 0 for never. Each of the next is refused, or one alone. Those
 * that are smaller than `least` do not count. */
static _Thread_local long until_refused = -1;
static _Thread_local int refuses_one;
static _Thread_local size_t least;
static atomic_ulong refusals;

static int refuses(size_t size) {
  int is_due = until_refused == 0 && size >= least;
  if (size >= least && (until_refused > 0 || (is_due && refuses_one))) {
    until_refused--;
  }
  if (!is_due && size < refused_size) {
    return 0;
  }
  refusals++;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t size) { return refuses(size) ? NULL : __libc_malloc(size); }

void *calloc(size_t count, size_t size) {
  size_t product;
  int overflows = __builtin_mul_overflow(count, size, &product);
  return overflows || refuses(product) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  return refuses(size) ? NULL : __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return refuses(size) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  void *given = aligned_alloc(alignment, size);
  if (given == NULL) {
    return ENOMEM;
  }
  *memory = given;
  return 0;
}

/* ---- Nothing at all ----------------------------------------------------------------------- */

static const char *band = "AA:BB:CC:DD:EE:FF";

static void answers(struct NymiClient *client) {
  CHECK_INT(nymi_client_put(client, "{\"operation\":\"info\",\"exchange\":\"e\"}", NULL), 0);
  nymi_string_free(get_with(client, "\"exchange\":\"e\""));
}

/* A call that needs memory says so, and gives an error whose words are there. */
#define REFUSED(call)                                                                          \
  do {                                                                                         \
    struct NymiError *error = NULL;                                                            \
    CHECK_INT(call, NYMI_RESULT_NO_MEMORY);                                                    \
    CHECK(error != NULL && error->code == NYMI_RESULT_NO_MEMORY);                              \
    CHECK(strstr(error->message, "memory") != NULL && error->detail != NULL);                  \
    nymi_error_free(error);                                                                    \
  } while (0)

static void nothing_is_left(void) {
  struct NymiClient *client = lonely_client(), *another = lonely_client(), *none = NULL;
  nymi_string_free(get_with(client, "\"status\":4000")); /* its thread is up */
  nymi_string_free(get_with(another, "\"status\":4000"));
  answers(client);
  CHECK_INT(napiConfigure("Records", NULL, NULL, NAPI_LOG_NONE, NO_AGENT, ""), 0);
  char buffer[4096];
  unsigned long long len;
  CHECK_INT(napiGet(buffer, sizeof buffer, &len), NAPI_GET_OKAY);
  CHECK_INT(napiPut("{\"operation\":\"no\"}"), NAPI_PUT_OKAY);

  struct NymiClientConfig config = lonely_config();
  struct NymiLookupQuery query = {.size = sizeof query, .username = "bob"};
  struct NymiAssertOptions options = {.size = sizeof options, .band = band};
  uint8_t digest[32] = {0};
  char *update = NULL;
  int descriptor = -1;
  struct NymiInit *init = NULL;
  struct NymiEndpoint *endpoint = NULL;
  struct NymiTap *tap = NULL;
  struct NymiEvent *event = NULL;
  struct NymiLookup *lookup = NULL;
  struct NymiAssertion *assertion = NULL;
  struct NymiSignature *signature = NULL;
  refused_size = 0;
  for (int round = 0; round < 3; round++) {
    REFUSED(nymi_client_new(&config, &none, &error));
    REFUSED(nymi_client_put(client, "{}", &error));
    REFUSED(nymi_client_get(client, NYMI_FOREVER, &update, &error));
    REFUSED(nymi_client_descriptor(client, &descriptor, &error));
    REFUSED(nymi_client_init(client, NULL, NULL, &init, &error));
    REFUSED(nymi_client_subscribe(client, "x", NULL, &endpoint, &error));
    REFUSED(nymi_client_unsubscribe(client, "x", NULL, &error));
    REFUSED(nymi_client_cancel(client, "x", &error));
    REFUSED(nymi_client_wait_tap(client, NYMI_FOREVER, &tap, &error));
    REFUSED(nymi_client_wait_event(client, NYMI_FOREVER, &event, &error));
    REFUSED(nymi_client_lookup(client, &query, NULL, &lookup, &error));
    REFUSED(nymi_client_assert(client, &options, NULL, &assertion, &error));
    REFUSED(nymi_client_sign(client, band, digest, NULL, &signature, &error));
    CHECK_INT(napiPut("{}"), NAPI_PUT_ERROR);
    /* What gives back what there is needs none. */
    CHECK_INT(napiTryGet(buffer, sizeof buffer, &len), round == 0 ? 0 : NAPI_TRY_GET_NOTHING);
    CHECK_INT(nymi_client_wake(client), 0);
    CHECK_INT(nymi_client_terminate(another), round == 0 ? 0 : NYMI_RESULT_BAD_HANDLE);
    CHECK_INT(nymi_client_free(another), round == 0 ? 0 : NYMI_RESULT_BAD_HANDLE);
  }
  napiTerminate();
  CHECK_INT(napiConfigure("Records", NULL, NULL, 0, NO_AGENT, ""), NAPI_CONFIGURE_FAILED_TO_INIT);
  refused_size = SIZE_MAX;
  CHECK(none == NULL && update == NULL && descriptor == -1 && init == NULL && endpoint == NULL &&
        tap == NULL && event == NULL && lookup == NULL && assertion == NULL && signature == NULL);

  CHECK_INT(nymi_client_get(client, NYMI_FOREVER, &update, NULL), NYMI_RESULT_INTERRUPTED);
  answers(client);
  CHECK_INT(nymi_client_free(client), 0);
  CHECK_INT(napiConfigure("Records", NULL, NULL, NAPI_LOG_NONE, NO_AGENT, ""), 0);
  napiTerminate();
}

/* ---- Not enough for much ------------------------------------------------------------------ */

static void what_is_large_is_refused_and_the_rest_goes_on(void) {
  struct NymiClient *client = lonely_client();
  size_t size = 1 << 20;
  char *large = malloc(size + 1);
  CHECK(large != NULL);
  size_t at = (size_t)sprintf(
      large, "{\"operation\":\"no\",\"exchange\":\"large\",\"payload\":{\"a\":[0");
  for (; at < size - 5; at += 2) {
    memcpy(large + at, ",0", 2);
  }
  strcpy(large + at, "]}}");
  refused_size = 8 << 20;
  REFUSED(nymi_client_put(client, large, &error));
  CHECK_INT(napiConfigure("Records", NULL, NULL, NAPI_LOG_NONE, NO_AGENT, ""), 0);
  CHECK_INT(napiPut(large), NAPI_PUT_ERROR);
  napiTerminate();
  answers(client);
  refused_size = SIZE_MAX;
  CHECK_INT(nymi_client_put(client, large, NULL), 0);
  nymi_string_free(get_with(client, "\"exchange\":\"large\""));
  free(large);
  CHECK_INT(nymi_client_free(client), 0);
}

/* ---- At each place ------------------------------------------------------------------------ */

static struct NymiClient *client;

static uint32_t start_and_free(void) {
  struct NymiClientConfig config = lonely_config();
  struct NymiClient *made = NULL;
  struct NymiError *error = NULL;
  uint32_t result = nymi_client_new(&config, &made, &error);
  CHECK((made != NULL) == (result == 0) && (error == NULL) == (result == 0));
  until_refused = -1;
  nymi_error_free(error);
  if (result == 0) {
    answers(made); /* it is a whole client all the same */
    CHECK_INT(nymi_client_free(made), 0);
  }
  return result;
}

static uint32_t put(void) {
  return nymi_client_put(client, "{\"operation\":\"no\",\"payload\":{\"a\":[1,{}]}}", NULL);
}

static uint32_t put_no_json(void) {
  struct NymiError *error = NULL;
  uint32_t result = nymi_client_put(client, "{\"a\"", &error);
  CHECK(error != NULL && error->code == result && error->detail != NULL);
  nymi_error_free(error);
  return result;
}

static uint32_t get(void) {
  char *update = NULL;
  uint32_t result = nymi_client_get(client, 0, &update, NULL);
  CHECK((update == NULL) == (result != 0));
  CHECK(update == NULL || update[0] == '{');
  nymi_string_free(update);
  return result;
}

static uint32_t subscribe(void) {
  struct NymiEndpoint *endpoint = NULL;
  struct NymiError *error = NULL;
  uint32_t result = nymi_client_subscribe(client, "x", NULL, &endpoint, &error);
  CHECK(endpoint == NULL && error != NULL && error->code == result);
  nymi_error_free(error);
  return result;
}

static uint32_t event(void) {
  struct NymiEvent *event = NULL;
  uint32_t result = nymi_client_wait_event(client, 0, &event, NULL);
  CHECK((event == NULL) == (result != 0));
  nymi_event_free(event);
  return result;
}

static uint32_t descriptor(void) {
  int descriptor;
  return nymi_client_descriptor(client, &descriptor, NULL);
}

struct operation {
  const char *name;
  uint32_t (*call)(void);
  uint32_t expected, or_expected;
  size_t least;
};

/* For the name of a thread, Rust's standard library asks the system itself, and ends the process if it
 * gets nothing: 48 bytes. */
enum { OF_A_THREAD = 64 };

static const struct operation operations[] = {
    {"new and free", start_and_free, 0, NYMI_RESULT_SYSTEM, OF_A_THREAD},
    {"put", put, 0, 0, 0},
    {"put no JSON", put_no_json, NYMI_RESULT_BAD_ARGUMENT, NYMI_RESULT_BAD_ARGUMENT, 0},
    {"get", get, 0, NYMI_RESULT_TIMEOUT, 0},
    {"subscribe", subscribe, NYMI_STATUS_NOT_INITIALISED, NYMI_STATUS_NOT_INITIALISED, 0},
    {"wait for an event", event, 0, NYMI_RESULT_TIMEOUT, 0},
    {"descriptor", descriptor, 0, NYMI_RESULT_SYSTEM, 0},
};

/* Refuses the first, second, third… allocation of a call, and those behind it or not, until the call
 * has no more. */
static void each_place(const struct operation *operation, int one) {
  long place = 0;
  unsigned long before;
  do {
    client = lonely_client();
    put(), put(); /* what this thread needs but once is there */
    before = refusals;
    refuses_one = one;
    least = operation->least;
    until_refused = place;
    uint32_t result = operation->call();
    until_refused = -1;
    if (place == 0) {
      CHECK_INT(result, NYMI_RESULT_NO_MEMORY);
    } else if (result != NYMI_RESULT_NO_MEMORY && result != operation->or_expected) {
      CHECK_INT(result, operation->expected);
    }
    unsigned long refused = refusals - before;
    answers(client);
    CHECK_INT(nymi_client_free(client), 0);
    before = refused;
    place++;
  } while (before > 0 && place < 1000);
  printf("%s: %ld places\n", operation->name, place - 1);
  CHECK(place < 1000 && place > 1);
}

static long allocated(void) {
  struct mallinfo2 info = mallinfo2();
  return (long)(info.uordblks + info.hblkhd);
}

/* Of what is freed some places are kept; all of them are then those of errors. */
static void free_many(void) {
  for (int i = 0; i < 1024; i++) {
    struct NymiError *error = NULL;
    CHECK_INT(nymi_client_put(NULL, "{}", &error), NYMI_RESULT_BAD_HANDLE);
    nymi_error_free(error);
  }
}

enum { ROUNDS = 10 };

int main(int argc, char **argv) {
  (void)argv;
  CHECK_INT(argc, 2);
  nothing_is_left();
  CHECK(refusals > 30);
  what_is_large_is_refused_and_the_rest_goes_on();
  long before = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
      each_place(&operations[i], round % 2);
    }
    free_many();
    if (round == 1) { /* what is made once is there now */
      before = allocated();
    }
  }
  /* Some tens of KiB come and go with the threads. */
  long left = allocated() - before;
  printf("%ld bytes left\n", left);
  CHECK(left < 64 << 10);
  return 0;
}
