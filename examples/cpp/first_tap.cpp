#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nymi_api.hpp>

static std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value != nullptr ? value : "";
}

int main(int argc, char **argv) try {
  nymi::Digest sha256{};
  for (int i = 0, length; i < 32; i++)
    if (argc != 2 || std::sscanf(argv[1] + 2 * i, "%2hhx%n", sha256.data() + i, &length) != 1 || length != 2) return std::cerr << "usage: app SHA256\n", 2;
  nymi::Client client = nymi::Client::create({"Records"}).value();
  nymi::InitOptions who;
  who.username = environment("NYMI_USER");
  who.password = environment("NYMI_PASSWORD");
  who.grade = "bronze"; /* a real site has gold: leave it out */
  client.init(who).value();
  client.subscribe("127.0.0.1").value();
  std::cerr << "tap a band\n";
  nymi::Tap tap = client.wait_tap().value();
  nymi::Assertion signature = client.assert_user({tap->band, tap->intent_id, sha256, "approved"}).value();
  std::cout << signature->domain << '\\' << signature->username << ": " << signature->assertion << '\n';
} catch (const nymi::BadResult &failed) {
  std::cerr << failed.error().code << ' ' << failed.error().message << ' ' << failed.error().detail << '\n';
  return 1;
}
