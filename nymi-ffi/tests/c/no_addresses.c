/* The process may have no more addresses (RLIMIT_AS), from each moment of a client's life on and with a
 * little more left each time: what needs them fails, and nothing ends the process.
 *
 * no_addresses <agent URL> <NES URL> <L1 file> <account> <steps> <KiB of a step> <moments, as digits> */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static const char *agent, *nes, *l1, *account;

/* From now on this process gets no more than so many bytes. */
static void leave(size_t bytes) {
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file != NULL);
  unsigned long pages = 0;
  CHECK_INT(fscanf(file, "%lu", &pages), 1);
  fclose(file);
  rlim_t limit = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + bytes;
  struct rlimit both = {.rlim_cur = limit, .rlim_max = limit};
  CHECK_INT(setrlimit(RLIMIT_AS, &both), 0);
}

/* When the addresses end. */
enum moment { BEFORE_NEW, BEFORE_CONNECTED, BEFORE_INIT, BEFORE_SUBSCRIBE, MOMENTS };

/* A failure says why; an answer is whole. */
static int is_whole(uint32_t result, struct NymiError **error, const void *answer) {
  CHECK((answer != NULL) == (result == NYMI_RESULT_OKAY));
  CHECK((*error != NULL) == (result != NYMI_RESULT_OKAY));
  CHECK(*error == NULL || ((*error)->code == result && (*error)->message != NULL));
  nymi_error_free(*error);
  *error = NULL;
  return result == NYMI_RESULT_OKAY;
}

/* How far a client got. */
static int live(enum moment moment, size_t bytes) {
  struct NymiClientConfig config = {
      .size = sizeof config, .nea_name = "Records", .agent_url = agent};
  struct NymiClient *client = NULL;
  struct NymiError *error = NULL;
  struct NymiInit *init = NULL;
  struct NymiEndpoint *endpoint = NULL;
  struct NymiTap *tap = NULL;
  struct NymiInitOptions options = {.size = sizeof options,
                                    .nes_url = nes,
                                    .username = account,
                                    .password = getenv("NYMI_PASSWORD"),
                                    .l1 = l1,
                                    .grade = "bronze"};
  struct NymiCall call = {.size = sizeof call, .timeout_ms = 2000};
  uint32_t result;
  int reached = 0;

  if (moment == BEFORE_NEW) {
    leave(bytes);
  }
  result = nymi_client_new(&config, &client, &error);
  if (!is_whole(result, &error, client)) {
    return reached;
  }
  reached++;
  if (moment == BEFORE_CONNECTED) {
    leave(bytes);
  }
  if (moment > BEFORE_CONNECTED) {
    usleep(50000); /* it connects meanwhile */
  }
  if (moment == BEFORE_INIT) {
    leave(bytes);
  }
  result = nymi_client_init(client, &options, &call, &init, &error);
  reached += is_whole(result, &error, init);
  nymi_init_free(init);
  if (moment == BEFORE_SUBSCRIBE) {
    leave(bytes);
  }
  result = nymi_client_subscribe(client, "127.0.0.1", &call, &endpoint, &error);
  reached += is_whole(result, &error, endpoint);
  nymi_endpoint_free(endpoint);
  result = nymi_client_wait_tap(client, 10, &tap, &error);
  is_whole(result, &error, tap);
  nymi_tap_free(tap);
  CHECK_INT(nymi_client_free(client), 0);
  return reached;
}

int main(int argc, char **argv) {
  CHECK_INT(argc, 8);
  agent = argv[1], nes = argv[2], l1 = argv[3], account = argv[4];
  long steps = atol(argv[5]), kib = atol(argv[6]);
  int died = 0;
  for (const char *digit = argv[7]; *digit != 0; digit++) {
    int moment = *digit - '0', best = 0;
    CHECK(moment >= BEFORE_NEW && moment < MOMENTS);
    for (long step = 0; step < steps; step++) {
      size_t bytes = (size_t)(step * kib) << 10;
      pid_t child = fork(); /* a process that has used nothing of the library */
      CHECK(child >= 0);
      if (child == 0) {
        _exit(100 + live((enum moment)moment, bytes));
      }
      int status = 0;
      CHECK_INT(waitpid(child, &status, 0), child);
      if (!WIFEXITED(status) || WEXITSTATUS(status) < 100) {
        fprintf(stderr, "moment %d, %zu bytes left: ended with %#x\n", moment, bytes, status);
        died++;
        continue;
      }
      int reached = WEXITSTATUS(status) - 100;
      best = reached > best ? reached : best;
    }
    printf("%d\n", best);
    fflush(stdout);
  }
  CHECK_INT(died, 0);
  return 0;
}
