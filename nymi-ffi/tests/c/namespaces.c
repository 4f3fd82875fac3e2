/* A child of fork that has its parent's process number, since each is the first of a namespace. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "client.h"

/* Runs as the first process of a new namespace; what it returned, or -1 if that is not allowed. */
static int as_first_process(int (*run)(struct NymiClient *), struct NymiClient *client) {
  if (unshare(CLONE_NEWPID) != 0) {
    return -1;
  }
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK_INT(getpid(), 1);
    alarm(20); /* rather than waiting for a lock for ever */
    _exit(run(client));
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int inner(struct NymiClient *client) {
  CHECK_INT(nymi_client_put(client, "{}", NULL), NYMI_RESULT_FORKED);
  CHECK_INT(nymi_client_free(client), NYMI_RESULT_FORKED);
  struct NymiClientConfig config = lonely_config();
  CHECK_INT(nymi_client_new(&config, &client, NULL), NYMI_RESULT_FORKED);
  /* Nor would a tool that looks for leaks find what its parent's threads hold. */
  execlp("true", "true", (char *)NULL);
  return 1;
}

static int outer(struct NymiClient *none) {
  (void)none;
  struct NymiClient *client = lonely_client();
  CHECK_INT(as_first_process(inner, client), 0);
  CHECK_INT(nymi_client_put(client, "{}", NULL), NYMI_RESULT_OKAY);
  CHECK_INT(nymi_client_free(client), NYMI_RESULT_OKAY);
  return 0;
}

int main(void) {
  int result = as_first_process(outer, NULL);
  if (result < 0) {
    fprintf(stderr, "skipped: this user may not make namespaces\n");
    return 0;
  }
  fflush(stderr);
  _exit(result); /* a tool that looks for leaks at the end would fork, which this namespace no longer can */
}
