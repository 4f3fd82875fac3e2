/* An operation that waits for a server which never answers: interrupted <L1 file>. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "client.h"

static int listener;
static char nes_url[64];
static const char *l1;

static void listen_somewhere(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  listener = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(listener >= 0);
  CHECK_INT(bind(listener, (struct sockaddr *)&address, size), 0);
  CHECK_INT(listen(listener, 8), 0);
  CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &size), 0);
  snprintf(nes_url, sizeof nes_url, "http://127.0.0.1:%d/nes", ntohs(address.sin_port));
}

struct asking {
  struct NymiClient *client;
  struct NymiCall call;
  uint32_t result;
};

static void *ask(void *argument) {
  struct asking *asking = argument;
  struct NymiInitOptions options = {.size = sizeof options,
                                    .nes_url = nes_url,
                                    .username = "ACME\\bob",
                                    .password = "x",
                                    .l1 = l1,
                                    .grade = "bronze"};
  struct NymiInit *init = NULL;
  struct NymiError *error = NULL;
  asking->result = nymi_client_init(asking->client, &options, &asking->call, &init, &error);
  CHECK(init == NULL && error != NULL);
  CHECK_INT(error->code, asking->result);
  nymi_error_free(error);
  return NULL;
}

static void ends_with(uint32_t (*end)(struct NymiClient *), uint32_t timeout_ms, uint32_t expected) {
  struct asking asking = {.client = lonely_client()};
  asking.call.size = sizeof asking.call;
  asking.call.timeout_ms = timeout_ms;
  pthread_t thread;
  CHECK_INT(pthread_create(&thread, NULL, ask, &asking), 0);
  int server = accept(listener, NULL, NULL); /* so it is in flight */
  CHECK(server >= 0);
  if (end != NULL) {
    CHECK_INT(end(asking.client), 0);
  }
  CHECK_INT(pthread_join(thread, NULL), 0);
  CHECK_INT(asking.result, expected);
  CHECK_INT(close(server), 0);
  nymi_client_free(asking.client);
}

int main(int argc, char **argv) {
  CHECK_INT(argc, 2);
  l1 = argv[1];
  listen_somewhere();
  ends_with(nymi_client_wake, 120000, NYMI_RESULT_INTERRUPTED);
  ends_with(nymi_client_terminate, 120000, NYMI_RESULT_TERMINATED);
  ends_with(nymi_client_free, 120000, NYMI_RESULT_TERMINATED);
  ends_with(NULL, 300, NYMI_STATUS_NES_TIMEOUT);
  return 0;
}
