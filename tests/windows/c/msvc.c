/* A program as MSVC would make it, without a C runtime: there is none of Microsoft's here. Compiled for the ABI of
 * MSVC and linked with nymi_api.lib by a linker that reads what Microsoft's does. Ends with 0. */
#include "nymi_api.h"

__declspec(dllimport) __declspec(noreturn) void ExitProcess(unsigned int code);

void start(void) {
  unsigned int failed = 1;
  struct NymiError *error = NULL;
  struct NymiClient *client = NULL;
  struct NymiClientConfig config;
  /* Volatile, or the compiler would call memset, which is of the C runtime. */
  for (volatile unsigned char *at = (unsigned char *)&config; at != (unsigned char *)(&config + 1); at++) {
    *at = 0;
  }
  config.size = sizeof config;
  config.nea_name = "Records";
  config.agent_url = "ws://127.0.0.1:1";
  char *update = NULL;
  if (nymi_abi_version() == NYMI_ABI_VERSION && nymi_client_new(&config, &client, &error) == NYMI_RESULT_OKAY &&
      nymi_client_get(client, 10000, &update, &error) == NYMI_RESULT_OKAY && update[0] == '{') {
    nymi_string_free(update);
    failed = nymi_client_put(client, "no JSON", &error) == NYMI_RESULT_OKAY || error == NULL || error->message[0] == 0;
    nymi_error_free(error);
    failed |= nymi_client_free(client) != NYMI_RESULT_OKAY;
  }
  ExitProcess(failed);
}
