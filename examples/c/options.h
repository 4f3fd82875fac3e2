/* The command line that the examples share. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
  const char *nes_url, *l1, *user, *password, *endpoint, *grade;
  int agent_port;        /* -1 for what the site has */
  const char *agent_url; /* the same as an address; NULL for what the site has */
  char agent[64];
  uint8_t digest[32];
  int has_digest;
};

static inline int usage(const char *program) {
  fprintf(stderr,
          "usage: NYMI_PASSWORD=... %s -n NES_URL -l L1_FILE -u 'DOMAIN\\user'\n"
          "         [-p AGENT_PORT] [-e ENDPOINT] [-g gold|bronze] [-d SHA256]\n"
          "  -n  such as https://nes.example.com/nes\n"
          "  -l  the enterprise's L1 certificate, PEM\n"
          "  -u  who asks NES for this program's certificate; the password is in NYMI_PASSWORD\n"
          "  -p  the port of the agent on this machine (9120)\n"
          "  -e  id, host name or address of the terminal to listen to (127.0.0.1)\n"
          "  -g  the grade that certificates must have (gold)\n"
          "  -d  the SHA-256 of the document to sign, 64 hexadecimal digits\n",
          program);
  return 2;
}

static inline int read_digest(const char *text, uint8_t *digest) {
  if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64) {
    return 0;
  }
  for (int i = 0; i < 32; i++) {
    char pair[3] = {text[2 * i], text[2 * i + 1], 0};
    digest[i] = (uint8_t)strtoul(pair, NULL, 16);
  }
  return 1;
}

/* 0, or what main returns. */
static inline int read_options(int argc, char **argv, struct options *options) {
  memset(options, 0, sizeof *options);
  options->endpoint = "127.0.0.1";
  options->grade = "gold";
  options->agent_port = -1;
  options->password = getenv("NYMI_PASSWORD");
  for (int option; (option = getopt(argc, argv, "n:l:u:p:e:g:d:")) != -1;) {
    switch (option) {
      case 'n': options->nes_url = optarg; break;
      case 'l': options->l1 = optarg; break;
      case 'u': options->user = optarg; break;
      case 'e': options->endpoint = optarg; break;
      case 'g': options->grade = optarg; break;
      case 'p':
        options->agent_port = atoi(optarg);
        snprintf(options->agent, sizeof options->agent, "ws://127.0.0.1:%d", options->agent_port);
        options->agent_url = options->agent;
        break;
      case 'd':
        options->has_digest = read_digest(optarg, options->digest);
        if (!options->has_digest) {
          return usage(argv[0]);
        }
        break;
      default: return usage(argv[0]);
    }
  }
  if (options->nes_url == NULL || options->l1 == NULL || options->user == NULL ||
      options->password == NULL) {
    return usage(argv[0]);
  }
  return 0;
}

#endif
