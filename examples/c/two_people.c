/*
 * A record that two people sign: the first one executed it, another one reviewed it. Each taps the
 * terminal once; the same person a second time is turned away. -d names the record.
 */
#define _POSIX_C_SOURCE 200809L
#include "nymi_api.h"
#include "options.h"

static struct NymiClient *client;
static struct NymiError *error;

static void check(uint32_t result) {
  if (result != NYMI_RESULT_OKAY) {
    fprintf(stderr, "two_people: %u %s %s\n", error->code, error->message, error->detail);
    exit(1);
  }
}

/* The signature of the next person who taps; a tap that cannot sign is told, and another awaited. */
static struct NymiAssertion *signature(const struct options *options, const char *meaning) {
  for (;;) {
    struct NymiTap *tap = NULL;
    check(nymi_client_wait_tap(client, NYMI_FOREVER, &tap, &error));
    struct NymiAssertOptions what = {.size = sizeof what,
                                     .band = tap->band,
                                     .intent_id = tap->intent_id,
                                     .document_sha256 = options->digest,
                                     .meaning = meaning};
    struct NymiAssertion *signature = NULL;
    uint32_t result = nymi_client_assert(client, &what, NULL, &signature, &error);
    /* The band tells its wearer how it went. */
    nymi_client_notify(client, tap->band,
                       result == NYMI_RESULT_OKAY ? NYMI_NOTIFICATION_POSITIVE
                                                  : NYMI_NOTIFICATION_NEGATIVE,
                       NULL, NULL);
    nymi_tap_free(tap);
    if (result == NYMI_RESULT_OKAY) {
      return signature;
    }
    printf("not signed: %s %s\n", error->message, error->detail);
    nymi_error_free(error);
  }
}

static int same_person(const struct NymiAssertion *one, const struct NymiAssertion *other) {
  return strcmp(one->username, other->username) == 0 && strcmp(one->domain, other->domain) == 0;
}

static void say(const char *text) {
  puts(text);
  fflush(stdout);
}

static void show(const char *what, const struct NymiAssertion *signature) {
  printf("%s by %s\\%s at %s\nassertion %s\n", what, signature->domain, signature->username,
         signature->verified_at, signature->assertion);
}

int main(int argc, char **argv) {
  struct options options;
  int wrong = read_options(argc, argv, &options);
  if (wrong) {
    return wrong;
  }
  if (!options.has_digest) {
    return usage(argv[0]);
  }
  struct NymiClientConfig config = {.size = sizeof config, .nea_name = "TwoPeople"};
  config.agent_url = options.agent_url;
  check(nymi_client_new(&config, &client, &error));
  struct NymiInitOptions who = {.size = sizeof who,
                                .nes_url = options.nes_url,
                                .username = options.user,
                                .password = options.password,
                                .l1 = options.l1,
                                .grade = options.grade};
  struct NymiInit *init = NULL;
  check(nymi_client_init(client, &who, NULL, &init, &error));
  nymi_init_free(init);
  struct NymiEndpoint *endpoint = NULL;
  check(nymi_client_subscribe(client, options.endpoint, NULL, &endpoint, &error));
  nymi_endpoint_free(endpoint);

  say("tap: who executed the record?");
  struct NymiAssertion *first = signature(&options, "executed");
  say("tap: who reviewed it?");
  struct NymiAssertion *second = signature(&options, "reviewed");
  while (same_person(first, second)) {
    nymi_assertion_free(second);
    say("tap: another person has to review it");
    second = signature(&options, "reviewed");
  }
  /* Both belong into the record. */
  show("executed", first);
  show("reviewed", second);
  nymi_assertion_free(first);
  nymi_assertion_free(second);
  nymi_client_free(client);
  return 0;
}
