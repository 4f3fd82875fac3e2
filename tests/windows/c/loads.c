/* The library loaded and freed many times: without clients it goes, with one it stays. */
#include <pthread.h>
#include <windows.h>

#include <tlhelp32.h>
#include <winver.h>

#include "check.h"

enum { ROUNDS = 100 };

#define LIBRARY "nymi_api.dll"
#define FIND(library, function)                                                                \
  __typeof__(&function) function##_ = (__typeof__(&function))(void (*)(void))GetProcAddress(   \
      library, #function);                                                                     \
  CHECK(function##_ != NULL)

static HMODULE load(void) {
  HMODULE library = LoadLibraryA(LIBRARY);
  if (library == NULL) {
    fprintf(stderr, "%s cannot be loaded: error %lu\n", LIBRARY, GetLastError());
    exit(1);
  }
  return library;
}

/* A thread of the program in the library's code, which leaves what threads leave. */
static void *call(void *library) {
  FIND(library, nymi_abi_version);
  FIND(library, nymi_client_put);
  FIND(library, nymi_error_free);
  CHECK_INT(nymi_abi_version_(), NYMI_ABI_VERSION);
  struct NymiError *error = NULL;
  CHECK_INT(nymi_client_put_(NULL, "{}", &error), NYMI_RESULT_BAD_HANDLE);
  CHECK(error != NULL && error->message[0] != 0);
  nymi_error_free_(error);
  return NULL;
}

static void without_clients(void) {
  for (int round = 0; round < ROUNDS; round++) {
    HMODULE library = load();
    call(library);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, call, library), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK(FreeLibrary(library));
    CHECK(GetModuleHandleA(LIBRARY) == NULL);
  }
}

/* The properties of the file say which version it is. */
static void the_file_tells_its_version(void) {
  HMODULE library = load();
  FIND(library, nymi_version);
  char path[MAX_PATH], found[4096];
  CHECK(GetModuleFileNameA(library, path, sizeof path) > 0);
  CHECK(GetFileVersionInfoA(path, 0, sizeof found, found));
  char *version;
  UINT size;
  CHECK(VerQueryValueA(found, "\\StringFileInfo\\040904b0\\FileVersion", (void **)&version, &size));
  CHECK(strcmp(version, nymi_version_()) == 0);
  CHECK(FreeLibrary(library));
}

/* The threads of this process. */
static int threads(void) {
  HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
  CHECK(all != INVALID_HANDLE_VALUE);
  THREADENTRY32 thread = {.dwSize = sizeof thread};
  int count = 0;
  for (BOOL more = Thread32First(all, &thread); more; more = Thread32Next(all, &thread)) {
    count += thread.th32OwnerProcessID == GetCurrentProcessId();
  }
  CHECK(CloseHandle(all));
  CHECK(count > 0);
  return count;
}

/* Those that were told to end may take a moment. */
static void threads_become(int expected) {
  for (int i = 0; i < 1000 && threads() != expected; i++) {
    Sleep(10);
  }
  CHECK_INT(threads(), expected);
}

static void with_clients(void) {
  struct NymiClientConfig config = {
      .size = sizeof config, .nea_name = "Records", .agent_url = "ws://127.0.0.1:1"};
  int before = threads();
  struct NymiClient *client = NULL;
  for (int round = 0; round < ROUNDS; round++) {
    HMODULE library = load();
    FIND(library, nymi_client_new);
    FIND(library, nymi_client_get);
    FIND(library, nymi_client_free);
    FIND(library, nymi_string_free);
    if (client != NULL) {
      /* It went on although nobody had the library open. */
      char *update;
      CHECK_INT(nymi_client_get_(client, 10000, &update, NULL), 0);
      CHECK(strstr(update, "4000") != NULL);
      nymi_string_free_(update);
      CHECK_INT(nymi_client_free_(client), 0);
    }
    CHECK_INT(nymi_client_new_(&config, &client, NULL), 0);
    CHECK(FreeLibrary(library));
    CHECK(GetModuleHandleA(LIBRARY) == library);
  }
  threads_become(before + 1);
  HMODULE library = load();
  FIND(library, nymi_client_free);
  CHECK_INT(nymi_client_free_(client), 0);
  threads_become(before);
}

int main(void) {
  without_clients();
  the_file_tells_its_version();
  with_clients();
  return 0;
}
