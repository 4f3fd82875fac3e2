// Waits for a tap of a Nymi Band and says who signed, when and where, with nymi_api.hpp.
//
//   NYMI_PASSWORD=... tap_to_sign <agent URL> <NES URL> <L1 file> <'DOMAIN\user'> <grade>
#include <cstdlib>
#include <iostream>

#include "nymi_api.hpp"

namespace {

// The answer, or the end of the program with what the library says.
template <typename T>
T expect(nymi::Result<T> result) {
  if (!result) {
    const nymi::Error &error = result.error();
    std::cerr << "tap_to_sign: " << error.code << ' ' << error.message << ' ' << error.detail << '\n';
    std::exit(1);
  }
  return *std::move(result);
}

}  // namespace

int main(int argc, char **argv) {
  const char *password = std::getenv("NYMI_PASSWORD");
  if (argc != 6 || password == nullptr) {
    std::cerr << "usage: NYMI_PASSWORD=... tap_to_sign <agent URL> <NES URL> <L1 file> "
                 "<'DOMAIN\\user'> <grade>\n";
    return 2;
  }
  nymi::Config config{"TapToSign"};
  config.agent_url = argv[1];
  nymi::Client client = expect(nymi::Client::create(std::move(config)));

  nymi::InitOptions who;
  who.nes_url = argv[2];
  who.l1 = argv[3];
  who.username = argv[4];
  who.password = password;
  who.grade = argv[5];
  expect(client.init(who));
  expect(client.subscribe("127.0.0.1"));

  // A future, so that this thread can do something else in the meantime.
  auto tapped = client.async([](nymi::Calls calls) { return calls.wait_tap(); });
  std::cout << "tap your band" << std::endl;
  nymi::Tap tap = expect(tapped.get());

  nymi::AssertOptions what;
  what.band = tap->band;
  what.intent_id = tap->intent_id;
  what.meaning = "read and understood";
  what.nonce = "fresh for each log-in";
  nymi::Assertion signature = expect(client.assert_user(what));
  std::cout << "signed by " << signature->domain << '\\' << signature->username << " at "
            << signature->verified_at << "\nassertion " << signature->assertion << '\n';
}
