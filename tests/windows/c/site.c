/* Uses what the machine's administrator has set: site <L1 file> [<user>], with a password in NYMI_PASSWORD;
 * without a user, the certificate of the store. Prints NES and agent that it reached. */
#include "check.h"

static int failed(const char *what, uint32_t result, struct NymiError **error) {
  if (result == NYMI_RESULT_OKAY) {
    return 0;
  }
  printf("%s: %u %s %s\n", what, result, (*error)->message, (*error)->detail);
  nymi_error_free(*error);
  return 1;
}

int main(int argc, char **argv) {
  CHECK(argc == 2 || argc == 3);
  struct NymiError *error = NULL;
  struct NymiClient *client = NULL;
  struct NymiClientConfig config = {.size = sizeof config, .nea_name = "SiteTest"};
  if (failed("new", nymi_client_new(&config, &client, &error), &error)) {
    return 1;
  }
  struct NymiInitOptions options = {.size = sizeof options, .grade = "bronze", .l1 = argv[1]};
  if (argc == 3) {
    options.username = argv[2];
    options.password = getenv("NYMI_PASSWORD");
  }
  struct NymiInit *init = NULL;
  int result = failed("init", nymi_client_init(client, &options, NULL, &init, &error), &error);
  if (result == 0) {
    printf("%s %s\n", init->nes, init->agent);
    nymi_init_free(init);
  }
  CHECK_INT(nymi_client_free(client), 0);
  return result;
}
