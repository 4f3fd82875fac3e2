/* The environment names an agent that is none. A process with more rights than its user does not ask
   it; every other one says what is wrong. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/auxv.h>

#include "check.h"

int main(void) {
  struct NymiClientConfig config = {.size = sizeof config, .nea_name = "Records"};
  struct NymiClient *client = NULL;
  struct NymiError *error = NULL;
  uint32_t result = nymi_client_new(&config, &client, &error);
  if (getauxval(AT_SECURE) != 0) {
    CHECK_INT(result, NYMI_RESULT_OKAY);
    CHECK_INT(nymi_client_free(client), NYMI_RESULT_OKAY);
    puts("elevated");
    return 0;
  }
  CHECK(result != NYMI_RESULT_OKAY && strstr(error->detail, "NYMI_AGENT_URL") != NULL);
  nymi_error_free(error);
  puts("usual");
  return 0;
}
