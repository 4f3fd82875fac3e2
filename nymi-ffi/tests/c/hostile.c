/* NULL, bytes that are not UTF-8, and sizes that no memory has. */
#include "check.h"

#define NOT_UTF8 "\xff\xfe"

static char buffer[1 << 16];
static unsigned long long len;

int main(int argc, char **argv) {
  CHECK_INT(argc, 2);
  const char *logs = argv[1];

  CHECK_INT(napiPut(NULL), NAPI_PUT_NAPI_NOT_RUNNING);
  CHECK_INT(napiGet(NULL, 9, NULL), NAPI_GET_NAPI_NOT_RUNNING);
  CHECK_INT(napiConfigure(NULL, NULL, NULL, 0, 0, NULL), NAPI_CONFIGURE_MISSING_NEA_NAME);
  CHECK_INT(napiConfigure("Records" NOT_UTF8, logs, "{}", 0, -1, ""),
            NAPI_CONFIGURE_MISSING_NEA_NAME);
  CHECK_INT(napiConfigure("Records", logs, "{\"a\":\"" NOT_UTF8 "\"}", 0, -1, ""),
            NAPI_CONFIGURE_INVALID_PROVISION_JSON);
  CHECK_INT(napiConfigure("Records", NOT_UTF8, "{}", NAPI_LOG_INFO, -1, ""),
            NAPI_CONFIGURE_FAILED_TO_INIT);
  CHECK_INT(napiConfigure("Records", logs, "{}", NAPI_LOG_INFO, -1, NOT_UTF8),
            NAPI_CONFIGURE_ERROR);

  CHECK_INT(napiConfigure("Records", logs, "{}", NAPI_LOG_VERBOSE, NO_AGENT, ""),
            NAPI_CONFIGURE_OKAY);
  CHECK_INT(napiPut(NULL), NAPI_PUT_ERROR);
  CHECK_INT(napiPut("{\"operation\":\"" NOT_UTF8 "\"}"), NAPI_PUT_UNPARSEABLE_JSON);
  CHECK_INT(napiGet(NULL, 9, &len), NAPI_GET_ERROR);
  CHECK_INT(napiGet(buffer, sizeof buffer, NULL), NAPI_GET_ERROR);
  CHECK_INT(napiTryGet(NULL, 9, &len), NAPI_TRY_GET_ERROR);
  CHECK_INT(napiTryGet(buffer, 9, NULL), NAPI_TRY_GET_ERROR);

  /* A NUL within a text comes back as it was written, and does not cut the update. */
  CHECK_INT(napiPut("{\"operation\":\"n\\u0000o\",\"exchange\":\"a\\u0000b\"}"), NAPI_PUT_OKAY);
  do {
    CHECK_INT(napiGet(buffer, sizeof buffer, &len), NAPI_GET_OKAY);
    CHECK_INT(len, strlen(buffer) + 1);
  } while (strstr(buffer, "\"exchange\":\"a\\u0000b\",\"status\":1001") == NULL);

  /* Deeper and longer than anything that is served: an answer, no crash. */
  size_t size = (size_t)4 << 20;
  char *huge = malloc(size + 1);
  CHECK(huge != NULL);
  memset(huge, '[', size / 2);
  memset(huge + size / 2, ']', size / 2);
  huge[size] = 0;
  int result = napiPut(huge);
  CHECK(result == NAPI_PUT_OKAY || result == NAPI_PUT_UNPARSEABLE_JSON);
  memset(huge, ' ', size);
  huge[0] = '{';
  huge[size - 1] = '}';
  CHECK_INT(napiPut(huge), NAPI_PUT_OKAY);
  free(huge);
  do {
    /* A size that no buffer has: only what the update needs is written. */
    CHECK_INT(napiGet(buffer, (unsigned long long)-1, &len), NAPI_GET_OKAY);
  } while (strstr(buffer, "\"status\":1009") == NULL);

  napiTerminate();
  CHECK_INT(napiPut(NULL), NAPI_PUT_NAPI_NOT_RUNNING);
  return 0;
}
