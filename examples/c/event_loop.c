/*
 * Greets whoever taps, in an event loop that has other things to do: here, reading commands from
 * the standard input. "quit", or the end of the input, ends it.
 */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>

#include "nymi_api.h"
#include "options.h"

static struct NymiClient *client;

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

static int start(const struct options *options) {
  struct NymiError *error = NULL;
  struct NymiClientConfig config = {.size = sizeof config, .nea_name = "EventLoop"};
  config.agent_url = options->agent_url;
  if (failed("new", nymi_client_new(&config, &client, &error), &error)) {
    return 0;
  }
  struct NymiInitOptions who = {.size = sizeof who,
                                .nes_url = options->nes_url,
                                .username = options->user,
                                .password = options->password,
                                .l1 = options->l1,
                                .grade = options->grade};
  struct NymiInit *init = NULL;
  if (failed("init", nymi_client_init(client, &who, NULL, &init, &error), &error)) {
    return 0;
  }
  nymi_init_free(init);
  struct NymiEndpoint *endpoint = NULL;
  if (failed("subscribe", nymi_client_subscribe(client, options->endpoint, NULL, &endpoint, &error),
             &error)) {
    return 0;
  }
  nymi_endpoint_free(endpoint);
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

int main(int argc, char **argv) {
  struct options options;
  int wrong = read_options(argc, argv, &options);
  if (wrong) {
    return wrong;
  }
  struct pollfd wait_for[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
  struct NymiError *error = NULL;
  if (!start(&options) ||
      failed("descriptor", nymi_client_descriptor(client, &wait_for[1].fd, &error), &error)) {
    return 1;
  }
  for (;;) {
    if (poll(wait_for, 2, -1) < 0) {
      perror("event_loop: poll");
      break;
    }
    if (wait_for[1].revents != 0) {
      take_events();
    }
    if (wait_for[0].revents != 0) {
      char command[100];
      if (fgets(command, sizeof command, stdin) == NULL || strcmp(command, "quit\n") == 0) {
        break;
      }
      printf("commands: quit\n");
    }
  }
  nymi_client_free(client);
  return 0;
}
