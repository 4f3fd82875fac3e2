/*
 * A record that two people sign: the first one executed it, another one reviewed it. Each taps the
 * terminal once; the same person a second time is turned away and signs nothing. Each signature is
 * printed when it is made, so that none is lost if the program ends. -d names the record.
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

static int same(const char *one, const char *other) {
  return one != NULL && other != NULL && strcmp(one, other) == 0;
}

static int same_person(const struct NymiAssertion *one, const char *username, const char *domain) {
  return same(one->username, username) && same(one->domain, domain);
}

/* The next tap. Numbers from 1000, such as 4000, tell what the client goes on after by itself. */
static struct NymiTap *next_tap(void) {
  for (;;) {
    struct NymiTap *tap = NULL;
    uint32_t result = nymi_client_wait_tap(client, NYMI_FOREVER, &tap, &error);
    if (result < 1000) {
      check(result);
      return tap;
    }
    fprintf(stderr, "two_people: %u %s %s\n", error->code, error->message, error->detail);
    nymi_error_free(error);
  }
}

/* Why a tap signs nothing. */
static void refuse(const char *why, const char *detail) {
  printf("not signed: %s %s\n", why, detail);
  fflush(stdout);
}

/*
 * Whether a tap is of another person than the one who signed before: asked before anything is signed,
 * since a signature that is made is in the server's audit log and cannot be taken back.
 */
static int is_another(const struct NymiTap *tap, const struct NymiAssertion *before) {
  if (before == NULL) {
    return 1;
  }
  struct NymiLookupQuery query = {.size = sizeof query, .band = tap->band};
  struct NymiLookup *lookup = NULL;
  if (nymi_client_lookup(client, &query, NULL, &lookup, &error) != NYMI_RESULT_OKAY) {
    refuse(error->message, error->detail);
    nymi_error_free(error);
    return 0;
  }
  int another = 1;
  for (size_t i = 0; i < lookup->count; i++) {
    const struct NymiMatch *match = lookup->matches[i];
    another = another && !same_person(before, match->username, match->domain);
  }
  nymi_lookup_free(lookup);
  if (!another) {
    refuse("another person has to sign:", "this one has signed before");
  }
  return another;
}

/* What the server says of a tap; NULL if it signs nothing. */
static struct NymiAssertion *sign(const struct options *options, const struct NymiTap *tap,
                                  const char *meaning) {
  struct NymiAssertOptions what = {.size = sizeof what,
                                   .band = tap->band,
                                   .intent_id = tap->intent_id,
                                   .document_sha256 = options->digest,
                                   .meaning = meaning};
  struct NymiAssertion *signature = NULL;
  if (nymi_client_assert(client, &what, NULL, &signature, &error) != NYMI_RESULT_OKAY) {
    refuse(error->message, error->detail);
    nymi_error_free(error);
  }
  return signature;
}

/*
 * The signature of the next person who taps, another one than who signed before. A tap that cannot
 * sign is told, and another awaited.
 */
static struct NymiAssertion *signature(const struct options *options, const char *meaning,
                                       const struct NymiAssertion *before) {
  for (;;) {
    struct NymiTap *tap = next_tap();
    struct NymiAssertion *signature =
        is_another(tap, before) ? sign(options, tap, meaning) : NULL;
    if (signature != NULL && before != NULL &&
        same_person(before, signature->username, signature->domain)) {
      /* The band went to another person since it was looked up; only what is signed counts. */
      refuse("another person has to sign:", "this one has signed before");
      nymi_assertion_free(signature);
      signature = NULL;
    }
    /* The band tells its wearer how it went. */
    nymi_client_notify(client, tap->band,
                       signature != NULL ? NYMI_NOTIFICATION_POSITIVE : NYMI_NOTIFICATION_NEGATIVE,
                       NULL, NULL);
    nymi_tap_free(tap);
    if (signature != NULL) {
      /* It belongs into the record. */
      printf("%s by %s\\%s at %s\nassertion %s\n", meaning, signature->domain, signature->username,
             signature->verified_at, signature->assertion);
      fflush(stdout);
      return signature;
    }
  }
}

static void say(const char *text) {
  puts(text);
  fflush(stdout);
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
  struct NymiAssertion *first = signature(&options, "executed", NULL);
  say("tap: who reviewed it? Another person");
  struct NymiAssertion *second = signature(&options, "reviewed", first);
  nymi_assertion_free(first);
  nymi_assertion_free(second);
  nymi_client_free(client);
  return 0;
}
