/* Programs that end while the library is at work end at once, and with their own code: a process that hangs at its end
 * keeps its files open, and its user waiting. Each way to end is a process of its own. */
#include <pthread.h>
#include <windows.h>

#include "client.h"

enum { CODE = 3, ROUNDS = 3, LIMIT_MS = 10000 };

/* With a client that runs. */
static void without_free(void) { lonely_client(); }

/* With threads of the library that are just ending. */
static void after_free(void) {
  struct NymiClient *client = lonely_client();
  nymi_string_free(get_with(client, "4000"));
  CHECK_INT(nymi_client_free(client), NYMI_RESULT_OKAY);
}

static HANDLE is_called;

static void stay(void *unused, const char *update) {
  (void)unused, (void)update;
  SetEvent(is_called);
  Sleep(INFINITE);
}

static void end(void *unused, const char *update) {
  (void)unused, (void)update;
  exit(CODE);
}

static void with_callback(void (*on_update)(void *, const char *)) {
  struct NymiClientConfig config = lonely_config();
  config.on_update = on_update;
  struct NymiClient *client = NULL;
  CHECK_INT(nymi_client_new(&config, &client, NULL), NYMI_RESULT_OKAY);
}

static void within_a_callback(void) {
  is_called = CreateEventA(NULL, TRUE, FALSE, NULL);
  with_callback(stay);
  CHECK_INT(WaitForSingleObject(is_called, LIMIT_MS), WAIT_OBJECT_0);
}

static void by_a_callback(void) {
  with_callback(end);
  Sleep(INFINITE);
}

static void *get_all(void *client) {
  char *update;
  while (nymi_client_get(client, UINT32_MAX, &update, NULL) == NYMI_RESULT_OKAY) {
    nymi_string_free(update);
    SetEvent(is_called);
  }
  return NULL;
}

/* With a thread of the program that waits in the library. */
static void while_a_thread_waits(void) {
  is_called = CreateEventA(NULL, TRUE, FALSE, NULL);
  struct NymiClient *client = lonely_client();
  pthread_t thread;
  CHECK_INT(pthread_create(&thread, NULL, get_all, client), 0);
  CHECK_INT(WaitForSingleObject(is_called, LIMIT_MS), WAIT_OBJECT_0);
}

/* With a name that is looked up. */
static void while_a_name_is_sought(void) {
  struct NymiClientConfig config = lonely_config();
  config.agent_url = "ws://agent.invalid:1";
  struct NymiClient *client = NULL;
  CHECK_INT(nymi_client_new(&config, &client, NULL), NYMI_RESULT_OKAY);
}

static void (*const ways[])(void) = {without_free,  after_free,           within_a_callback,
                                     by_a_callback, while_a_thread_waits, while_a_name_is_sought};

static void ends(const char *program, int way) {
  char command[MAX_PATH + 20];
  snprintf(command, sizeof command, "\"%s\" way %d", program, way);
  STARTUPINFOA startup = {.cb = sizeof startup};
  PROCESS_INFORMATION process;
  CHECK(CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process));
  if (WaitForSingleObject(process.hProcess, LIMIT_MS) != WAIT_OBJECT_0) {
    fprintf(stderr, "way %d hangs as it ends\n", way);
    TerminateProcess(process.hProcess, 1);
    exit(1);
  }
  DWORD code;
  CHECK(GetExitCodeProcess(process.hProcess, &code));
  CHECK_INT(code, CODE);
  CHECK(CloseHandle(process.hThread) && CloseHandle(process.hProcess));
}

int main(int argc, char **argv) {
  if (argc == 3) {
    ways[atoi(argv[2])]();
    return CODE;
  }
  char program[MAX_PATH];
  CHECK(GetModuleFileNameA(NULL, program, sizeof program) > 0);
  for (int round = 0; round < ROUNDS; round++) {
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
      ends(program, (int)way);
    }
  }
  return 0;
}
