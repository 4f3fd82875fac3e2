/*
 * Greets whoever taps, in an event loop that has other things to do: here, reading commands from
 * the standard input. "quit", or the end of the input, ends it.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <poll.h>

#include "nymi_api.h"
#include "options.h"

/* How long to wait until a start that found nobody is tried again. */
#define AGAIN_MS 2000

static struct NymiClient *client;

/* How far the start has come. */
static enum { NO_CERTIFICATE, NOT_LISTENING, STARTED } state = NO_CERTIFICATE;

/*
 * Says what failed; the program goes on, since the client does, too. The error is given by address,
 * since C may read arguments before the call among them has written it.
 */
static int failed(const char *what, uint32_t result, struct NymiError **error) {
  if (result == NYMI_RESULT_OKAY) {
    return 0;
  }
  fprintf(stderr, "event_loop: %s: %u %s %s\n", what, (*error)->code, (*error)->message, (*error)->detail);
  nymi_error_free(*error);
  return 1;
}

/* Whether a failure passes: server, agent or terminal are away, or busy. */
static int passes(uint32_t code) {
  return code == NYMI_STATUS_NES_UNREACHABLE || code == NYMI_STATUS_NES_SERVER_ERROR ||
         code == NYMI_STATUS_NES_TIMEOUT || code == NYMI_STATUS_AGENT_MISSING ||
         code == NYMI_STATUS_ENDPOINT_MISSING || code == NYMI_STATUS_TIMEOUT_BAND;
}

/*
 * Goes on with the start, from where it has come to; 0 if trying again would not help. Both calls wait
 * for an answer, so a program that must never wait makes them on another thread.
 */
static int go_on(const struct options *options) {
  struct NymiError *error = NULL;
  struct NymiCall call = {.size = sizeof call, .timeout_ms = AGAIN_MS};
  if (state == NO_CERTIFICATE) {
    struct NymiInitOptions who = {.size = sizeof who,
                                  .nes_url = options->nes_url,
                                  .username = options->user,
                                  .password = options->password,
                                  .l1 = options->l1,
                                  .grade = options->grade};
    struct NymiInit *init = NULL;
    uint32_t result = nymi_client_init(client, &who, NULL, &init, &error);
    if (failed("init", result, &error)) {
      return passes(result);
    }
    nymi_init_free(init);
    state = NOT_LISTENING;
  }
  if (state == NOT_LISTENING) {
    struct NymiEndpoint *endpoint = NULL;
    uint32_t result = nymi_client_subscribe(client, options->endpoint, &call, &endpoint, &error);
    if (failed("subscribe", result, &error)) {
      return passes(result);
    }
    nymi_endpoint_free(endpoint);
    state = STARTED;
  }
  return 1;
}

/* A lookup asks the server, so a program that must never wait does this on another thread. */
static void greet(const struct NymiTap *tap) {
  struct NymiError *error = NULL;
  struct NymiLookup *lookup = NULL;
  struct NymiLookupQuery query = {.size = sizeof query, .band = tap->band};
  if (!failed("lookup", nymi_client_lookup(client, &query, NULL, &lookup, &error), &error)) {
    printf("hello %s\n", lookup->matches[0]->username);
    nymi_lookup_free(lookup);
  }
}

/* Takes everything that is there, without waiting. */
static void take_events(void) {
  struct NymiEvent *event = NULL;
  while (nymi_client_wait_event(client, 0, &event, NULL) == NYMI_RESULT_OKAY) {
    switch (event->kind) {
      case NYMI_EVENT_KIND_TAP: greet(event->tap); break;
      case NYMI_EVENT_KIND_ENDPOINT:
        printf("%s: %s\n", event->endpoint->endpoint_id, event->endpoint->change);
        break;
      case NYMI_EVENT_KIND_ERROR: /* such as 4000: the client goes on trying by itself */
        printf("%u %s\n", event->error->code, event->error->message);
        break;
      default: break;
    }
    nymi_event_free(event);
  }
  fflush(stdout);
}

/*
 * Reads what is there of the standard input, and obeys; 0 at its end or after "quit". By read, since
 * what fgets keeps in its buffer is nothing that poll sees.
 */
static int take_commands(void) {
  static char line[100];
  static size_t length;
  ssize_t got = read(STDIN_FILENO, line + length, sizeof line - length);
  if (got <= 0) {
    return got < 0 && errno == EINTR;
  }
  length += (size_t)got;
  for (char *end; (end = memchr(line, '\n', length)) != NULL;) {
    *end = 0;
    if (strcmp(line, "quit") == 0) {
      return 0;
    }
    printf("commands: quit\n");
    size_t used = (size_t)(end - line) + 1;
    length -= used;
    memmove(line, line + used, length);
  }
  fflush(stdout);
  if (length == sizeof line) {
    length = 0; /* no command is that long */
  }
  return 1;
}

int main(int argc, char **argv) {
  struct options options;
  int wrong = read_options(argc, argv, &options);
  if (wrong) {
    return wrong;
  }
  struct NymiError *error = NULL;
  struct NymiClientConfig config = {.size = sizeof config, .nea_name = "EventLoop"};
  config.agent_url = options.agent_url;
  struct pollfd wait_for[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
  if (failed("new", nymi_client_new(&config, &client, &error), &error) ||
      failed("descriptor", nymi_client_descriptor(client, &wait_for[1].fd, &error), &error) ||
      !go_on(&options)) {
    return 1;
  }
  int result = 0;
  for (;;) {
    int ready = poll(wait_for, 2, state == STARTED ? -1 : AGAIN_MS);
    if (ready < 0 && errno != EINTR) {
      perror("event_loop: poll");
      result = 1;
      break;
    }
    if (ready == 0 && !go_on(&options)) {
      result = 1;
      break;
    }
    if (ready > 0 && wait_for[1].revents != 0) {
      take_events();
    }
    if (ready > 0 && wait_for[0].revents != 0 && !take_commands()) {
      break;
    }
  }
  nymi_client_free(client);
  return result;
}
