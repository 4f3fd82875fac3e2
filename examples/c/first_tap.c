#include <nymi_api.h>
#include <stdio.h>
#include <stdlib.h>

static struct NymiError *error;
static void check(uint32_t result) {
  if (result == NYMI_RESULT_OKAY) return;
  fprintf(stderr, "%u %s %s\n", error->code, error->message, error->detail);
  exit(1);
}

int main(int argc, char **argv) {
  struct NymiClientConfig config = {.size = sizeof config, .nea_name = "Records"};
  struct NymiInitOptions who = {.size = sizeof who, .username = getenv("NYMI_USER"), .password = getenv("NYMI_PASSWORD"), .grade = "bronze"};
  struct NymiClient *client; struct NymiTap *tap; struct NymiAssertion *signature; uint8_t sha256[32];
  for (int i = 0, length; i < 32; i++)
    if (argc != 2 || sscanf(argv[1] + 2 * i, "%2hhx%n", &sha256[i], &length) != 1 || length != 2) return fputs("usage: app SHA256\n", stderr), 2;
  check(nymi_client_new(&config, &client, &error));
  check(nymi_client_init(client, &who, NULL, NULL, &error));
  check(nymi_client_subscribe(client, "127.0.0.1", NULL, NULL, &error));
  fprintf(stderr, "tap a band\n");
  check(nymi_client_wait_tap(client, NYMI_FOREVER, &tap, &error));
  struct NymiAssertOptions what = {.size = sizeof what, .band = tap->band, .intent_id = tap->intent_id, .document_sha256 = sha256, .meaning = "approved"};
  check(nymi_client_assert(client, &what, NULL, &signature, &error));
  printf("%s\\%s: %s\n", signature->domain, signature->username, signature->assertion);
  nymi_assertion_free(signature);
  nymi_tap_free(tap);
  nymi_client_free(client);
}
