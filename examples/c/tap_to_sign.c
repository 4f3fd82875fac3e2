/*
 * Waits for a tap of a Nymi Band and says who signed, when and where. With -d the tap signs a
 * document.
 */
#define _POSIX_C_SOURCE 200809L
#include "nymi_api.h"
#include "options.h"

/*
 * Ends the program if a call failed, with what the library says about it. The error is given by
 * address, since C may read arguments before the call among them has written it.
 */
static void check(uint32_t result, struct NymiError **error) {
  if (result != NYMI_RESULT_OKAY) {
    fprintf(stderr, "tap_to_sign: %u %s %s\n", (*error)->code, (*error)->message, (*error)->detail);
    exit(1);
  }
}

int main(int argc, char **argv) {
  struct options options;
  int wrong = read_options(argc, argv, &options);
  if (wrong) {
    return wrong;
  }
  struct NymiClient *client = NULL;
  struct NymiError *error = NULL;

  struct NymiClientConfig config = {.size = sizeof config, .nea_name = "TapToSign"};
  config.agent_url = options.agent_url;
  check(nymi_client_new(&config, &client, &error), &error);

  /* The first run gets a certificate with the password, later ones find it in the store. */
  struct NymiInitOptions who = {.size = sizeof who,
                                .nes_url = options.nes_url,
                                .username = options.user,
                                .password = options.password,
                                .l1 = options.l1,
                                .grade = options.grade};
  struct NymiInit *init = NULL;
  check(nymi_client_init(client, &who, NULL, &init, &error), &error);
  nymi_init_free(init);

  struct NymiEndpoint *endpoint = NULL;
  check(nymi_client_subscribe(client, options.endpoint, NULL, &endpoint, &error), &error);
  nymi_endpoint_free(endpoint);
  printf("tap your band at %s\n", options.endpoint);
  fflush(stdout);

  struct NymiTap *tap = NULL;
  uint32_t result;
  while ((result = nymi_client_wait_tap(client, NYMI_FOREVER, &tap, &error)) ==
         NYMI_STATUS_AGENT_MISSING) {
    nymi_error_free(error); /* the client connects by itself */
  }
  check(result, &error);

  /* The tap names the band and the intent; with them the band's wearer signs. */
  struct NymiAssertOptions what = {
      .size = sizeof what, .band = tap->band, .intent_id = tap->intent_id};
  what.document_sha256 = options.has_digest ? options.digest : NULL;
  struct NymiAssertion *signature = NULL;
  check(nymi_client_assert(client, &what, NULL, &signature, &error), &error);
  printf("signed by %s\\%s at %s on endpoint %s (%s)\n", signature->domain, signature->username,
         signature->verified_at, tap->endpoint_id, signature->method);
  printf("assertion %s\n", signature->assertion);

  nymi_assertion_free(signature);
  nymi_tap_free(tap);
  nymi_client_free(client);
  return 0;
}
