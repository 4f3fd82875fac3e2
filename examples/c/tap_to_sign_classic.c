/*
 * Waits for a tap of a Nymi Band and says who signed, when and where: what tap_to_sign.c does, with
 * the classic interface.
 *
 * Its five functions are all there is: requests go in as JSON, updates come out as JSON. Messages are
 * built with printf and read with the two functions of "Reading updates" below; a program with a JSON
 * library would use that.
 */
#define _POSIX_C_SOURCE 200809L
#include "nymi_api.h"
#include "options.h"

#define NEA_NAME "TapToSign"

/* The update that was read last. */
static char update[1 << 20];

static void stop(const char *what, const char *detail) {
  fprintf(stderr, "tap_to_sign_classic: %s%s\n", what, detail);
  exit(1);
}

/* ---- Reading updates ---------------------------------------------------------------------- */

/*
 * Where the value of a field begins, or NULL.
 *
 * Updates are compact JSON: a key is "name": without spaces. Within a string value every quote is
 * written \", so those bytes cannot be anything but a key. The keys of the envelope come first and
 * in the order operation, exchange, status, payload, error; search from the payload on for a field
 * in it.
 */
static const char *field(const char *json, const char *name) {
  char key[64];
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *found = json != NULL ? strstr(json, key) : NULL;
  return found != NULL ? found + strlen(key) : NULL;
}

/* The text of a string field without its quotes and escapes; "" if there is none. */
static const char *string_field(const char *json, const char *name, char *text, size_t size) {
  const char *from = field(json, name);
  size_t length = 0;
  if (from != NULL && *from == '"') {
    for (from++; *from != '"' && *from != 0 && length + 1 < size; from++) {
      if (*from == '\\' && from[1] != 0) {
        from++; /* \" and \\ are what names contain */
      }
      text[length++] = *from;
    }
  }
  text[length] = 0;
  return text;
}

static int status_of(const char *json) {
  const char *status = field(json, "status");
  return status != NULL ? atoi(status) : -1;
}

/* ---- Writing requests --------------------------------------------------------------------- */

/* A text as a JSON string, quotes included. */
static const char *quoted(const char *text, char *json, size_t size) {
  size_t length = 0;
  json[length++] = '"';
  for (; *text != 0; text++) {
    if ((unsigned char)*text < ' ' || length + 4 > size) {
      stop("an argument is too long or has control characters", "");
    }
    if (*text == '"' || *text == '\\') {
      json[length++] = '\\';
    }
    json[length++] = *text;
  }
  json[length++] = '"';
  json[length] = 0;
  return json;
}

static void put(const char *request) {
  if (napiPut(request) != NAPI_PUT_OKAY) {
    stop("a request was not taken", "");
  }
}

/* ---- Waiting ------------------------------------------------------------------------------ */

static void next_update(void) {
  unsigned long long length;
  if (napiGet(update, sizeof update, &length) != NAPI_GET_OKAY) {
    stop("the client ended", "");
  }
}

/* Reads until the field has this value; what fails in the meantime is shown. */
static void wait_until(const char *name, const char *value) {
  char text[64];
  for (;;) {
    next_update();
    int is_it = strcmp(string_field(update, name, text, sizeof text), value) == 0;
    if (status_of(update) != 0) {
      const char *error = field(update, "error");
      char description[256], specifics[512];
      fprintf(stderr, "%d: %s %s\n", status_of(update),
              string_field(error, "error_description", description, sizeof description),
              string_field(error, "error_specifics", specifics, sizeof specifics));
      if (is_it) {
        stop("giving up: ", value);
      }
    } else if (is_it) {
      return;
    }
  }
}

/* ---- The program -------------------------------------------------------------------------- */

static void init(const struct options *options) {
  char url[600], user[600], secret[600], l1[5000], grade[32], request[8192];
  snprintf(request, sizeof request,
           "{\"operation\":\"init\",\"exchange\":\"init\",\"payload\":{\"nea_name\":\"" NEA_NAME "\","
           "\"nes_url\":%s,\"username\":%s,\"password\":%s,\"l1\":%s,\"grade\":%s}}",
           quoted(options->nes_url, url, sizeof url), quoted(options->user, user, sizeof user),
           quoted(options->password, secret, sizeof secret), quoted(options->l1, l1, sizeof l1),
           quoted(options->grade, grade, sizeof grade));
  put(request);
  wait_until("exchange", "init");
}

static void subscribe(const char *endpoint) {
  char name[600], request[1024];
  snprintf(request, sizeof request,
           "{\"operation\":\"subscribe_endpoint\",\"exchange\":\"subscribe\","
           "\"payload\":{\"endpoint_id\":%s}}",
           quoted(endpoint, name, sizeof name));
  put(request);
  wait_until("exchange", "subscribe");
}

/* The tap names the band and the intent; with them the band's wearer signs. */
static void sign(const struct options *options, const char *band, const char *intent) {
  char document[128] = "", request[1024];
  if (options->has_digest) {
    int length = snprintf(document, sizeof document, ",\"document_sha256\":\"");
    for (int i = 0; i < 32; i++) {
      length += sprintf(document + length, "%02x", options->digest[i]);
    }
    strcpy(document + length, "\"");
  }
  snprintf(request, sizeof request,
           "{\"operation\":\"assert_identity\",\"exchange\":\"sign\",\"payload\":{"
           "\"assert_type\":\"assert_user\",\"device\":\"%s\",\"intent_id\":\"%s\"%s}}",
           band, intent, document);
  put(request);
  wait_until("exchange", "sign");
}

int main(int argc, char **argv) {
  struct options options;
  int wrong = read_options(argc, argv, &options);
  if (wrong) {
    return wrong;
  }
  if (napiConfigure(NEA_NAME, NULL, "{}", NAPI_LOG_NONE, options.agent_port, "") !=
      NAPI_CONFIGURE_OKAY) {
    stop("the client did not start", "");
  }
  init(&options);
  subscribe(options.endpoint);
  printf("tap your band at %s\n", options.endpoint);
  fflush(stdout);

  wait_until("operation", "tap");
  char band[32], intent[64], endpoint[256];
  const char *payload = field(update, "payload");
  string_field(payload, "NymiBandID", band, sizeof band);
  string_field(payload, "intent_id", intent, sizeof intent);
  string_field(payload, "endpoint_id", endpoint, sizeof endpoint);

  sign(&options, band, intent);
  char domain[256], user[256], at[64], method[32];
  static char assertion[1 << 16];
  payload = field(update, "payload");
  printf("signed by %s\\%s at %s on endpoint %s (%s)\n",
         string_field(payload, "Domain", domain, sizeof domain),
         string_field(payload, "Username", user, sizeof user),
         string_field(payload, "verified_at", at, sizeof at), endpoint,
         string_field(payload, "method", method, sizeof method));
  printf("assertion %s\n", string_field(payload, "assertion", assertion, sizeof assertion));

  napiTerminate();
  return 0;
}
