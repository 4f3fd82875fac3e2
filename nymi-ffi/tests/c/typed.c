/* Every typed operation against a running system: typed <agent port> <NES> <L1 file> <user>. */
#define _POSIX_C_SOURCE 200809L
#ifndef _WIN32
#include <dirent.h>
#include <sys/resource.h>
#endif

#include "check.h"

#define MEANING "approved \"as is\" \\ \xe2\x82\xac"

static struct NymiClient *client;
static struct NymiError *error;

/* A call that has to succeed; else says why not. */
#define OKAY(call)                                                                             \
  do {                                                                                         \
    uint32_t result_ = (call);                                                                 \
    if (result_ != NYMI_RESULT_OKAY) {                                                         \
      fprintf(stderr, "%s:%d: %u %s %s\n", __FILE__, __LINE__, result_, error->message,        \
              error->detail);                                                                  \
      exit(1);                                                                                 \
    }                                                                                          \
  } while (0)

/* A call that has to fail with this number, and says a word about it. */
#define FAILS(call, expected, word)                                                            \
  do {                                                                                         \
    CHECK_INT(call, expected);                                                                 \
    CHECK_INT(error->code, expected);                                                          \
    CHECK(error->message[0] != 0);                                                             \
    if (strstr(error->detail, word) == NULL) {                                                 \
      fprintf(stderr, "%s:%d: \"%s\" does not say \"%s\"\n", __FILE__, __LINE__,               \
              error->detail, word);                                                            \
      exit(1);                                                                                 \
    }                                                                                          \
    nymi_error_free(error);                                                                    \
  } while (0)

#ifndef _WIN32 /* which has no such limit */
/* No file gets longer than a few bytes: the certificate serves, and nothing is left of its file. */
static void init_on_a_full_disk(const struct NymiInitOptions *options) {
  struct rlimit before, full;
  CHECK_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
  full = before;
  full.rlim_cur = 100;
  struct NymiInit *answer = NULL;
  CHECK_INT(setrlimit(RLIMIT_FSIZE, &full), 0);
  uint32_t result = nymi_client_init(client, options, NULL, &answer, &error);
  CHECK_INT(setrlimit(RLIMIT_FSIZE, &before), 0);
  OKAY(result);
  nymi_init_free(answer);
  DIR *store = opendir(getenv("NYMI_NSL_DIR"));
  CHECK(store != NULL);
  for (struct dirent *entry; (entry = readdir(store)) != NULL;) {
    CHECK(entry->d_name[0] == '.');
  }
  closedir(store);
  struct NymiInitOptions offline = *options;
  offline.username = offline.password = NULL;
  FAILS(nymi_client_init(client, &offline, NULL, &answer, &error), NYMI_STATUS_CERTIFICATES,
        "username");
}
#endif

static void what_there_is(const struct NymiTap *tap, char **argv);

static void init(char **argv) {
  struct NymiClientConfig config = {.size = sizeof config, .nea_name = "TypedTest"};
  char agent[64];
  snprintf(agent, sizeof agent, "ws://127.0.0.1:%s", argv[1]);
  config.agent_url = agent;
  OKAY(nymi_client_new(&config, &client, &error));

  struct NymiEndpoint *endpoint;
  FAILS(nymi_client_subscribe(client, "127.0.0.1", NULL, &endpoint, &error),
        NYMI_STATUS_NOT_INITIALISED, "nymi_client_init");
  what_there_is(NULL, argv);
  struct NymiInit *answer = NULL;
  struct NymiInitOptions options = {.size = sizeof options, .nes_url = argv[2], .l1 = argv[3]};
  options.grade = "bronze";
  FAILS(nymi_client_init(client, &options, NULL, &answer, &error), NYMI_STATUS_CERTIFICATES,
        "username");
  options.grade = "silver";
  FAILS(nymi_client_init(client, &options, NULL, &answer, &error), NYMI_STATUS_INVALID_FIELD,
        "grade");
  CHECK(answer == NULL);
  options.grade = "bronze";
  options.username = argv[4];
  options.password = "wrong \"password\"";
  FAILS(nymi_client_init(client, &options, NULL, &answer, &error), NYMI_STATUS_NES_CREDENTIALS, "");
  options.password = getenv("NYMI_PASSWORD");
#ifndef _WIN32
  init_on_a_full_disk(&options);
#endif
  OKAY(nymi_client_init(client, &options, NULL, &answer, &error));
  CHECK(strcmp(answer->nea_name, "TypedTest") == 0 && strcmp(answer->nes, argv[2]) == 0);
  CHECK(strstr(answer->agent, argv[1]) != NULL);
  CHECK(strlen(answer->certificate_serial) > 8 && answer->certificate_not_after[10] == 'T');
  CHECK(answer->certificate_not_after_ms > 1700000000000);
  nymi_init_free(answer);
  nymi_init_free(answer);
  /* Again, by a program that does not need the answer. */
  OKAY(nymi_client_init(client, &options, NULL, NULL, &error));
}

/* Before init, without a certificate; then with what the band's terminal has. */
static void what_there_is(const struct NymiTap *tap, char **argv) {
  struct NymiEndpoints *all = NULL;
  struct NymiInfo *info;
  OKAY(nymi_client_info(client, NULL, &info, &error));
  CHECK(strcmp(info->version, nymi_version()) == 0);
  if (tap == NULL) {
    CHECK(info->certificate_serial == NULL && info->certificate_not_after_ms == 0);
    nymi_info_free(info);
    FAILS(nymi_client_list_endpoints(client, NULL, &all, &error), NYMI_STATUS_NOT_INITIALISED, "");
    return;
  }
  CHECK(strstr(info->agent, argv[1]) != NULL && strcmp(info->nes, argv[2]) == 0);
  CHECK(strlen(info->certificate_serial) > 8 && info->certificate_not_after_ms > tap->at_ms);
  size_t heard = 0;
  for (size_t i = 0; i < info->band_count; i++) {
    const struct NymiPresence *band = info->bands[i];
    heard += strcmp(band->band, tap->band) == 0 && strcmp(band->endpoint_id, tap->endpoint_id) == 0;
  }
  CHECK_INT(heard, 1);

  OKAY(nymi_client_list_endpoints(client, NULL, &all, &error));
  CHECK(all->count == info->endpoint_count && all->count > 0);
  size_t found = 0;
  for (size_t i = 0; i < all->count; i++) {
    const struct NymiEndpointInfo *one = all->endpoints[i];
    CHECK(strcmp(one->endpoint_id, info->endpoints[i]->endpoint_id) == 0);
    if (strcmp(one->endpoint_id, tap->endpoint_id) != 0) {
      continue;
    }
    found++;
    CHECK(one->ready && one->address_count > 0 && strchr(one->addresses[0], '.') != NULL);
    CHECK(one->adapter_count > 0 && strcmp(one->adapters[0]->state, "ready") == 0);
    CHECK(one->adapters[0]->id[0] != 0 && one->adapters[0]->kind[0] != 0);
  }
  CHECK_INT(found, 1);
  nymi_endpoints_free(all);
  nymi_endpoints_free(all);
  nymi_info_free(info);
  nymi_info_free(info);
}

static struct NymiTap *wait_for_tap(void) {
  struct NymiEndpoint *endpoint;
  FAILS(nymi_client_subscribe(client, "no \"such\" place", NULL, &endpoint, &error),
        NYMI_STATUS_ENDPOINT_MISSING, "place");
  FAILS(nymi_client_subscribe(client, "nowhere", NULL, NULL, &error), NYMI_STATUS_ENDPOINT_MISSING,
        "nowhere");
  OKAY(nymi_client_subscribe(client, "127.0.0.1", NULL, &endpoint, &error));
  struct NymiEvent *event;
  OKAY(nymi_client_wait_event(client, 10000, &event, &error));
  CHECK_INT(event->kind, NYMI_EVENT_KIND_ENDPOINT);
  CHECK(strcmp(event->endpoint->endpoint_id, endpoint->endpoint_id) == 0);
  CHECK(strcmp(event->endpoint->change, "ble_ready") == 0);
  CHECK(event->tap == NULL && event->presence == NULL && event->error == NULL);
  CHECK(strstr(event->json, "\"operation\":\"endpoint\"") != NULL);
  nymi_event_free(event);

  printf("tap\n");
  fflush(stdout);
  struct NymiTap *tap;
  OKAY(nymi_client_wait_tap(client, 30000, &tap, &error));
  CHECK(strcmp(tap->endpoint_id, endpoint->endpoint_id) == 0);
  CHECK(strcmp(tap->method, "ble") == 0 && tap->nfc_uid == NULL);
  CHECK(strlen(tap->band) == 17 && strlen(tap->intent_id) == 36);
  CHECK(tap->at[10] == 'T' && tap->at_ms > 1700000000000);
  nymi_endpoint_free(endpoint);
  return tap;
}

static void look_up(const struct NymiTap *tap, const char *account) {
  struct NymiLookup *lookup;
  struct NymiLookupQuery query = {.size = sizeof query, .band = tap->band};
  OKAY(nymi_client_lookup(client, &query, NULL, &lookup, &error));
  CHECK_INT(lookup->count, 1);
  const struct NymiMatch *found = lookup->matches[0];
  CHECK(strcmp(found->band, tap->band) == 0 && found->is_active && found->is_primary);
  CHECK(found->serial_number != NULL && found->identity_public_key != NULL);
  char named[256];
  snprintf(named, sizeof named, "%s\\%s", found->domain, found->username);
  CHECK(strcmp(named, account) == 0);

  struct NymiUserStatus *status;
  FAILS(nymi_client_user_status(client, found->username, found->domain, NULL, &status, &error),
        NYMI_STATUS_FORBIDDEN_BY_POLICY, "Check User Status"); /* as long as no policy enables it */
  nymi_lookup_free(lookup);

  query.band = NULL;
  query.username = "no\"body\\";
  FAILS(nymi_client_lookup(client, &query, NULL, &lookup, &error), NYMI_STATUS_NOT_FOUND, "");
  query.username = NULL;
  FAILS(nymi_client_lookup(client, &query, NULL, &lookup, &error), NYMI_STATUS_MISSING_FIELD,
        "query: at least one of username, domain, band,");
  query.band = "not a band";
  FAILS(nymi_client_lookup(client, &query, NULL, &lookup, &error), NYMI_STATUS_INVALID_FIELD,
        "query.band: expected");
  struct NymiCall call = {.size = sizeof call, .timeout_ms = 200000};
  FAILS(nymi_client_unsubscribe(client, "127.0.0.1", &call, &error), NYMI_STATUS_INVALID_FIELD,
        "timeout_ms: expected");
  FAILS(nymi_client_unsubscribe(client, "", NULL, &error), NYMI_STATUS_INVALID_FIELD,
        "named: expected");
  FAILS(nymi_client_unsubscribe(client, NULL, NULL, &error), NYMI_RESULT_BAD_ARGUMENT,
        "named: NULL");
}

static void assert_it(const struct NymiTap *tap) {
  uint8_t digest[32];
  memset(digest, 0xab, sizeof digest);
  struct NymiAssertion *assertion;
  struct NymiAssertOptions options = {.size = sizeof options, .band = tap->band};
  options.meaning = "on\ttwo\nlines";
  FAILS(nymi_client_assert(client, &options, NULL, &assertion, &error), NYMI_STATUS_INVALID_FIELD,
        "meaning");
  options.meaning = MEANING;
  FAILS(nymi_client_assert(client, &options, NULL, &assertion, &error), NYMI_STATUS_MISSING_FIELD,
        "intent_id");
  options.band = "not a band";
  FAILS(nymi_client_assert(client, &options, NULL, &assertion, &error), NYMI_STATUS_INVALID_FIELD,
        "band: expected");
  options.band = tap->band;
  options.intent_id = tap->intent_id;
  options.document_sha256 = digest;
  options.nonce = "n-1";
  struct NymiCall call = {.size = sizeof call, .timeout_ms = 20000, .exchange = "the one"};
  OKAY(nymi_client_assert(client, &options, &call, &assertion, &error));
  CHECK(strcmp(assertion->band, tap->band) == 0 && strcmp(assertion->method, "ble") == 0);
  CHECK(assertion->verified_at_ms >= tap->at_ms && assertion->verified_at[10] == 'T');
  printf("%s\\%s %s\n", assertion->domain, assertion->username, assertion->assertion);
  nymi_assertion_free(assertion);
  FAILS(nymi_client_cancel(client, "the one", &error), NYMI_STATUS_INVALID_FIELD, "the one");
}

static void use_the_band(const char *band) {
  OKAY(nymi_client_notify(client, band, NYMI_NOTIFICATION_POSITIVE, NULL, &error));
  FAILS(nymi_client_notify(client, band, 2, NULL, &error), NYMI_RESULT_BAD_ARGUMENT,
        "notification");

  struct NymiRandom *random, *more;
  OKAY(nymi_client_random(client, band, 32, NULL, &random, &error));
  OKAY(nymi_client_random(client, band, 32, NULL, &more, &error));
  CHECK_INT(random->size, 32);
  CHECK(memcmp(random->bytes, more->bytes, 32) != 0);
  nymi_random_free(random);
  nymi_random_free(more);
  FAILS(nymi_client_random(client, band, 65, NULL, &random, &error), NYMI_STATUS_INVALID_FIELD,
        "size: expected");

  uint8_t digest[32] = {1, 2, 3};
  struct NymiSignature *signature;
  OKAY(nymi_client_sign(client, band, digest, NULL, &signature, &error));
  CHECK_INT(signature->signature_size, 64);
  CHECK(signature->public_key_size > 80 && signature->public_key[0] == 0x30);
  nymi_signature_free(signature);

  struct NymiKey *made, *read;
  OKAY(nymi_client_symmetric_key(client, band, NYMI_KEY_ACTION_CREATE, NULL, NULL, &made, &error));
  OKAY(nymi_client_symmetric_key(client, band, NYMI_KEY_ACTION_GET, made->key_id, NULL, &read,
                                 &error));
  CHECK_INT(made->key_size, 32);
  CHECK(read->key_size == 32 && memcmp(made->key, read->key, 32) == 0);
  nymi_key_free(read);
  OKAY(nymi_client_symmetric_key(client, band, NYMI_KEY_ACTION_DELETE, made->key_id, NULL, &read,
                                 &error));
  CHECK(read->key == NULL && read->key_size == 0);
  nymi_key_free(read);
  FAILS(nymi_client_symmetric_key(client, band, NYMI_KEY_ACTION_GET, made->key_id, NULL, &read,
                                  &error),
        NYMI_STATUS_KEY_NOT_FOUND, "");
  nymi_key_free(made);
  FAILS(nymi_client_symmetric_key(client, band, 3, NULL, NULL, &made, &error),
        NYMI_RESULT_BAD_ARGUMENT, "action");

  struct NymiTotp *totp;
  OKAY(nymi_client_totp(client, band, NYMI_KEY_ACTION_CREATE, NULL, &totp, &error));
  CHECK(strlen(totp->totp) == 6 && strncmp(totp->otpauth, "otpauth://", 10) == 0);
  nymi_totp_free(totp);
  OKAY(nymi_client_totp(client, band, NYMI_KEY_ACTION_DELETE, NULL, &totp, &error));
  CHECK(totp->totp == NULL && totp->otpauth == NULL);
  nymi_totp_free(totp);

  struct NymiFirmware *firmware;
  OKAY(nymi_client_firmware(client, band, NULL, &firmware, &error));
  CHECK(strchr(firmware->firmware_version, '.') != NULL && firmware->hardware_version[0] != 0);
  nymi_firmware_free(firmware);
  FAILS(nymi_client_firmware(client, "00:11:22:33:44:55", NULL, &firmware, &error),
        NYMI_STATUS_BAND_NOT_PRESENT, "");
}

int main(int argc, char **argv) {
  CHECK_INT(argc, 5);
  init(argv);
  struct NymiTap *tap = wait_for_tap();
  what_there_is(tap, argv);
  assert_it(tap);
  look_up(tap, argv[4]);
  use_the_band(tap->band);
  nymi_tap_free(tap);
  OKAY(nymi_client_unsubscribe(client, "127.0.0.1", NULL, &error));
  OKAY(nymi_client_free(client));
  return 0;
}
