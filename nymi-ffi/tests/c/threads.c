/* Everything at once from several threads; the library's own thread leaves signals alone. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#ifndef _WIN32
#include <dirent.h>
#include <signal.h>
#endif

#include "check.h"

enum { GETTERS = 4, ROUNDS = 30 };

static const char *logs;

static void *getter(void *told) {
  static _Thread_local char buffer[1 << 16];
  unsigned long long len;
  int result;
  do {
    result = napiGet(buffer, sizeof buffer, &len);
  } while (result == NAPI_GET_OKAY);
  CHECK(result == NAPI_GET_NAPI_TERMINATED || result == NAPI_GET_NAPI_NOT_RUNNING);
  *(int *)told = result == NAPI_GET_NAPI_TERMINATED;
  return NULL;
}

static void *putter(void *unused) {
  int result;
  do {
    result = napiPut("{\"operation\":\"info\",\"exchange\":\"x\"}");
    CHECK(result == NAPI_PUT_OKAY || result == NAPI_PUT_NAPI_NOT_RUNNING);
  } while (result == NAPI_PUT_OKAY);
  return unused;
}

static void *terminator(void *unused) {
  napiTerminate();
  return unused;
}

#ifndef _WIN32 /* which has no signals */
/* The blocked signals of the library's thread, as the kernel tells them. */
static unsigned long long blocked_signals(void) {
  DIR *tasks = opendir("/proc/self/task");
  CHECK(tasks != NULL);
  unsigned long long mask = 0;
  for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
    char path[300], line[300];
    snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
    FILE *status = fopen(path, "r");
    if (status == NULL) {
      continue;
    }
    int ours = 0;
    while (fgets(line, sizeof line, status) != NULL) {
      ours |= strcmp(line, "Name:\tnymi-napi\n") == 0;
      if (ours && strncmp(line, "SigBlk:", 7) == 0) {
        mask = strtoull(line + 7, NULL, 16);
      }
    }
    fclose(status);
  }
  closedir(tasks);
  return mask;
}

static void the_library_leaves_signals_alone(void) {
  CHECK_INT(napiConfigure("Records", logs, "{}", NAPI_LOG_NORMAL, NO_AGENT, ""),
            NAPI_CONFIGURE_OKAY);
  char buffer[4096];
  unsigned long long len;
  /* The first update shows that the thread runs. */
  CHECK_INT(napiGet(buffer, sizeof buffer, &len), NAPI_GET_OKAY);
  unsigned long long mask = blocked_signals();
  int blocked[] = {SIGPIPE, SIGTERM, SIGINT, SIGALRM, SIGUSR1, SIGCHLD};
  for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++) {
    CHECK(mask >> (blocked[i] - 1) & 1);
  }
  CHECK((mask >> (SIGSEGV - 1) & 1) == 0);
  sigset_t mine;
  CHECK_INT(pthread_sigmask(SIG_BLOCK, NULL, &mine), 0);
  CHECK_INT(sigismember(&mine, SIGPIPE), 0);
  napiTerminate();
}
#endif

static void one_round(void) {
  CHECK_INT(napiConfigure("Records", logs, "{}", NAPI_LOG_NORMAL, NO_AGENT, ""),
            NAPI_CONFIGURE_OKAY);
  pthread_t threads[GETTERS + 3];
  int told[GETTERS] = {0};
  for (int i = 0; i < GETTERS; i++) {
    CHECK_INT(pthread_create(&threads[i], NULL, getter, &told[i]), 0);
  }
  CHECK_INT(pthread_create(&threads[GETTERS], NULL, putter, NULL), 0);
  CHECK_INT(pthread_create(&threads[GETTERS + 1], NULL, terminator, NULL), 0);
  CHECK_INT(pthread_create(&threads[GETTERS + 2], NULL, terminator, NULL), 0);
  for (int i = 0; i < GETTERS + 3; i++) {
    CHECK_INT(pthread_join(threads[i], NULL), 0);
  }
  int sum = 0;
  for (int i = 0; i < GETTERS; i++) {
    sum += told[i];
  }
  CHECK(sum >= 1);
}

int main(int argc, char **argv) {
  CHECK_INT(argc, 2);
  logs = argv[1];
  for (int round = 0; round < ROUNDS; round++) {
    one_round();
  }
#ifndef _WIN32
  the_library_leaves_signals_alone();
#endif
  return 0;
}
