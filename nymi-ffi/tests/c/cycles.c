/* Clients, one after the other, of both interfaces: nothing may grow. Run as cycles FOLDER N, for ten
 * times N clients. */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <malloc.h>
#include <unistd.h>

#include "check.h"
#include "client.h"

enum { ROUNDS = 5 };

/* What the allocator keeps for itself grows by some 20 KiB and then no more. Ten thousand clients that
 * each left the smallest allocation behind would be six times above it. */
enum { MOST_BYTES_PER_CYCLE = 8, MOST_BYTES = 32 << 10 };

static void on_update(void *user_data, const char *update) {
  (void)user_data;
  (void)update;
}

static void cycle(int number) {
  struct NymiClientConfig config = lonely_config();
  config.on_update = number % 2 ? on_update : NULL;
  struct NymiClient *client;
  CHECK_INT(nymi_client_new(&config, &client, NULL), 0);
  CHECK_INT(nymi_client_put(client, "{\"operation\":\"info\"}", NULL), 0);
  int descriptor;
  nymi_client_descriptor(client, &descriptor, NULL);
  CHECK_INT(nymi_client_free(client), 0);

  CHECK_INT(napiConfigure("Records", NULL, NULL, NAPI_LOG_NONE, NO_AGENT, ""), 0);
  napiTerminate();
}

static int entries(const char *folder) {
  DIR *open = opendir(folder);
  CHECK(open != NULL);
  int count = 0;
  while (readdir(open) != NULL) {
    count++;
  }
  closedir(open);
  return count;
}

static long resident_kib(void) {
  FILE *statm = fopen("/proc/self/statm", "r");
  long size, resident;
  CHECK(statm != NULL);
  CHECK_INT(fscanf(statm, "%ld %ld", &size, &resident), 2);
  fclose(statm);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* What was allocated and not freed, in every arena. */
static long allocated(void) {
  struct mallinfo2 info = mallinfo2();
  return (long)(info.uordblks + info.hblkhd);
}

int main(int argc, char **argv) {
  CHECK_INT(argc, 3);
  int cycles = atoi(argv[2]);
  CHECK(cycles > 0);
  int threads = 0, descriptors = 0;
  long resident = 0, memory = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < cycles; i++) {
      cycle(i);
    }
    /* Threads that were told to end may take a moment. */
    for (int i = 0; i < 1000 && entries("/proc/self/task") > 3; i++) {
      usleep(10000);
    }
    printf("%d: %ld bytes, %ld KiB resident, %d threads, %d descriptors\n", round, allocated(),
           resident_kib(), entries("/proc/self/task") - 2, entries("/proc/self/fd") - 3);
    if (round == 0) { /* what is made once is there now */
      threads = entries("/proc/self/task");
      descriptors = entries("/proc/self/fd");
      resident = resident_kib();
      memory = allocated();
    }
    CHECK_INT(entries("/proc/self/task"), threads);
    CHECK_INT(entries("/proc/self/fd"), descriptors);
    CHECK(allocated() < memory + MOST_BYTES + MOST_BYTES_PER_CYCLE * cycles);
    CHECK(resident_kib() < resident + 2048);
  }
  return 0;
}
