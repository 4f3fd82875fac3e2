/* Every result of the five functions, in the order in which a program meets them. */
#include "check.h"

static char buffer[1 << 16];
static unsigned long long len;

/* Reads until an update that contains `text`. */
static void wait_for(const char *text) {
  do {
    CHECK_INT(napiGet(buffer, sizeof buffer, &len), NAPI_GET_OKAY);
    CHECK_INT(len, strlen(buffer) + 1);
  } while (strstr(buffer, text) == NULL);
}

int main(int argc, char **argv) {
  CHECK_INT(argc, 2);
  const char *logs = argv[1];

  CHECK_INT(nymi_abi_version(), NYMI_ABI_VERSION);
  CHECK(strchr(nymi_version(), '.') != NULL);

  /* Before configure. */
  CHECK_INT(napiPut("{}"), NAPI_PUT_NAPI_NOT_RUNNING);
  CHECK_INT(napiGet(buffer, sizeof buffer, &len), NAPI_GET_NAPI_NOT_RUNNING);
  CHECK_INT(napiTryGet(buffer, sizeof buffer, &len), NAPI_TRY_GET_NAPI_NOT_RUNNING);
  napiTerminate();

  /* What configure refuses. */
  const char *names[] = {NULL, "", "short", "9starts", "with space", "far.too.long.a.name"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    CHECK_INT(napiConfigure(names[i], "/nowhere", "not json", 99, 0, "///"),
              NAPI_CONFIGURE_MISSING_NEA_NAME);
  }
  const char *provisions[] = {"", "{", "[]", "5", "{} {}"};
  for (size_t i = 0; i < sizeof provisions / sizeof *provisions; i++) {
    CHECK_INT(napiConfigure("Records", logs, provisions[i], NAPI_LOG_NONE, NO_AGENT, ""),
              NAPI_CONFIGURE_INVALID_PROVISION_JSON);
  }
  const char *folders[] = {NULL, "", "/nowhere/at/all", "/dev/null"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    CHECK_INT(napiConfigure("Records", folders[i], "{}", NAPI_LOG_INFO, NO_AGENT, ""),
              NAPI_CONFIGURE_FAILED_TO_INIT);
  }
  CHECK_INT(napiConfigure("Records", logs, "{}", 5, NO_AGENT, ""), NAPI_CONFIGURE_ERROR);
  CHECK_INT(napiConfigure("Records", logs, "{}", -1, NO_AGENT, ""), NAPI_CONFIGURE_ERROR);
  CHECK_INT(napiConfigure("Records", logs, "{}", NAPI_LOG_INFO, 0, ""), NAPI_CONFIGURE_ERROR);
  CHECK_INT(napiConfigure("Records", logs, "{}", NAPI_LOG_INFO, 65536, ""), NAPI_CONFIGURE_ERROR);
  CHECK_INT(napiConfigure("Records", logs, "{}", NAPI_LOG_INFO, 1, "a b"), NAPI_CONFIGURE_ERROR);
  CHECK_INT(napiConfigure("Records", logs, "{}", NAPI_LOG_INFO, 1, "a/b"), NAPI_CONFIGURE_ERROR);
  CHECK_INT(napiPut("{}"), NAPI_PUT_NAPI_NOT_RUNNING);

  /* Without an agent: okay, then 4000. */
  CHECK_INT(napiConfigure("Records", logs, "{\"anything\":[1]}", NAPI_LOG_VERBOSE, NO_AGENT, NULL),
            NAPI_CONFIGURE_OKAY);
  CHECK_INT(napiConfigure("Records", logs, "{}", NAPI_LOG_INFO, NO_AGENT, ""),
            NAPI_CONFIGURE_ERROR);
  wait_for("\"status\":4000");
  CHECK(strstr(buffer, "{\"operation\":\"error\",\"exchange\":null,") == buffer);
  CHECK(strstr(buffer, "\"error_description\":\"Nymi Agent missing.\"") != NULL);

  /* Nothing there, and nothing written but the length. */
  strcpy(buffer, "untouched");
  len = 77;
  CHECK_INT(napiTryGet(buffer, sizeof buffer, &len), NAPI_TRY_GET_NOTHING);
  CHECK_INT(len, 0);
  CHECK(strcmp(buffer, "untouched") == 0);

  /* Only syntax is checked at once. */
  CHECK_INT(napiPut("{"), NAPI_PUT_UNPARSEABLE_JSON);
  CHECK_INT(napiPut(""), NAPI_PUT_UNPARSEABLE_JSON);
  CHECK_INT(napiPut("{}"), NAPI_PUT_OKAY);
  wait_for("\"status\":1002");
  CHECK_INT(napiPut("{\"operation\":\"list_endpoints\",\"exchange\":\"e1\"}"), NAPI_PUT_OKAY);
  wait_for("\"exchange\":\"e1\",\"status\":1004");

  /* A buffer that is too small keeps the update. */
  CHECK_INT(napiPut("{\"operation\":\"nothing\",\"exchange\":\"e2\"}"), NAPI_PUT_OKAY);
  char small[16] = "untouched";
  CHECK_INT(napiTryGet(small, sizeof small, &len), NAPI_TRY_GET_BUFFER_TOO_SMALL);
  unsigned long long needed = len;
  CHECK_INT(napiTryGet(NULL, 0, &len), NAPI_TRY_GET_BUFFER_TOO_SMALL);
  CHECK_INT(len, needed);
  CHECK_INT(napiGet(small, sizeof small, &len), NAPI_GET_BUFFER_TOO_SMALL);
  CHECK(strcmp(small, "untouched") == 0);
  CHECK_INT(napiGet(buffer, needed - 1, &len), NAPI_GET_BUFFER_TOO_SMALL);
  CHECK_INT(napiGet(buffer, needed, &len), NAPI_GET_OKAY);
  CHECK_INT(len, needed);
  CHECK_INT(strlen(buffer) + 1, needed);
  CHECK(strstr(buffer, "{\"operation\":\"nothing\",\"exchange\":\"e2\",\"status\":1001,") == buffer);

  /* The end: the rest can be read, the end is told once. */
  CHECK_INT(napiPut("{}"), NAPI_PUT_OKAY);
  CHECK_INT(napiPut("{}"), NAPI_PUT_OKAY);
  napiTerminate();
  napiTerminate();
  CHECK_INT(napiPut("{}"), NAPI_PUT_NAPI_NOT_RUNNING);
  CHECK_INT(napiGet(buffer, sizeof buffer, &len), NAPI_GET_OKAY);
  CHECK_INT(napiTryGet(buffer, sizeof buffer, &len), NAPI_TRY_GET_OKAY);
  CHECK_INT(napiTryGet(buffer, sizeof buffer, &len), NAPI_TRY_GET_NAPI_TERMINATED);
  CHECK_INT(napiTryGet(buffer, sizeof buffer, &len), NAPI_TRY_GET_NAPI_NOT_RUNNING);
  CHECK_INT(napiGet(buffer, sizeof buffer, &len), NAPI_GET_NAPI_NOT_RUNNING);

  /* Again: leftovers are dropped. */
  CHECK_INT(napiConfigure("Records", logs, NULL, NAPI_LOG_INFO, NO_AGENT, "127.0.0.1"),
            NAPI_CONFIGURE_OKAY);
  CHECK_INT(napiPut("{\"operation\":\"leftover\"}"), NAPI_PUT_OKAY);
  napiTerminate();
  CHECK_INT(napiConfigure("Records", NULL, NULL, NAPI_LOG_NONE, NO_AGENT, "::1"),
            NAPI_CONFIGURE_OKAY);
  CHECK_INT(napiPut("{\"operation\":\"new\",\"exchange\":\"e3\"}"), NAPI_PUT_OKAY);
  do {
    CHECK_INT(napiGet(buffer, sizeof buffer, &len), NAPI_GET_OKAY);
    CHECK(strstr(buffer, "leftover") == NULL);
  } while (strstr(buffer, "e3") == NULL);
  napiTerminate();
  while (napiGet(buffer, sizeof buffer, &len) == NAPI_GET_OKAY) {
  }
  CHECK_INT(napiGet(buffer, sizeof buffer, &len), NAPI_GET_NAPI_NOT_RUNNING);
  return 0;
}
