#include <cstdlib>
#include <iostream>
#include <nymi_api.hpp>

static std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value != nullptr ? value : "";
}

int main() try {
  nymi::Client client = nymi::Client::create({"Records"}).value();
  nymi::InitOptions who;
  who.username = environment("NYMI_USER");
  who.password = environment("NYMI_PASSWORD");
  who.grade = "bronze"; /* a real site has gold: leave it out */
  client.init(who).value();
  client.subscribe("127.0.0.1").value();
  std::cerr << "tap a band\n";
  nymi::Tap tap = client.wait_tap().value();
  nymi::AssertOptions what;
  what.band = tap->band;
  what.intent_id = tap->intent_id;
  what.meaning = "approved";
  nymi::Assertion signature = client.assert_user(what).value();
  std::cout << signature->domain << '\\' << signature->username << ": " << signature->assertion << '\n';
} catch (const nymi::BadResult &failed) {
  std::cerr << failed.error().code << ' ' << failed.error().message << ' ' << failed.error().detail << '\n';
  return 1;
}
