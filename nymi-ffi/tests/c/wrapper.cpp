// nymi_api.hpp without an agent: errors, callbacks, moving, ends.
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>

#include "nymi_api.hpp"

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::exit(1);                                                             \
    }                                                                           \
  } while (0)

using namespace std::chrono_literals;

static nymi::Config lonely() {
  nymi::Config config{"Records"};
  config.agent_url = "ws://127.0.0.1:1";
  return config;
}

static nymi::Client lonely_client() {
  auto client = nymi::Client::create(lonely());
  CHECK(client.has_value());
  return *std::move(client);
}

static void errors_have_their_words() {
  auto none = nymi::Client::create({"9starts"});
  CHECK(!none && none.error().code == NYMI_RESULT_BAD_ARGUMENT);
  CHECK(none.error().detail.find("nea_name") == 0 && !none.error().message.empty());
  nymi::Client client = lonely_client();
  auto answer = client.init();
  CHECK(!answer && answer.error().code == NYMI_STATUS_CERTIFICATES);
  auto lookup = client.lookup({});
  CHECK(!lookup && lookup.error().code == NYMI_STATUS_MISSING_FIELD);
  nymi::Call call;
  call.timeout = 121s;
  auto too_long = client.subscribe("x", call);
  CHECK(!too_long && too_long.error().code == NYMI_STATUS_INVALID_FIELD);
}

static void updates_come_and_waits_end() {
  nymi::Client client = lonely_client();
  auto failure = client.wait_tap(10s);
  CHECK(!failure && failure.error().code == NYMI_STATUS_AGENT_MISSING);
  CHECK(client.put("{\"operation\":\"info\",\"exchange\":\"e\"}").has_value());
  auto update = client.get();
  CHECK(update && update->find("\"exchange\":\"e\"") != std::string::npos);
  CHECK(client.get(0ms).error().code == NYMI_RESULT_TIMEOUT);
  CHECK(client.get(-1s).error().code == NYMI_RESULT_TIMEOUT);
  CHECK(client.descriptor() && *client.descriptor() > 2);

  auto waiting = std::async(std::launch::async, [&] { return client.wait_event(); });
  client.wake();
  CHECK(waiting.get().error().code == NYMI_RESULT_INTERRUPTED);
  client.terminate();
  CHECK(client.get().error().code == NYMI_RESULT_TERMINATED);
}

/* As with std::expected. */
static void results_are_values() {
  using nymi::Result;
  const nymi::Error failed{NYMI_RESULT_TIMEOUT, 0, "Nothing came in time.", "detail"};
  const auto half = [](int n) { return n % 2 == 0 ? Result<int>(n / 2) : Result<int>(nymi::Error{}); };

  CHECK(Result<int>(5).value() == 5 && Result<int>(5).value_or(1) == 5);
  CHECK(Result<int>(failed).value_or(1) == 1);
  try {
    (void)Result<int>(failed).value();
    CHECK(false);
  } catch (const nymi::BadResult &bad) {
    CHECK(bad.error().detail == "detail" && bad.what() == failed.message);
  }
  CHECK(*Result<int>(6).and_then(half) == 3);
  CHECK(Result<int>(5).and_then(half).error().code == NYMI_RESULT_FAULT);
  CHECK(Result<int>(failed).and_then(half).error().code == NYMI_RESULT_TIMEOUT);
  CHECK(*Result<int>(6).transform([](int n) { return std::to_string(n); }) == "6");
  const auto text = Result<int>(failed).transform([](int n) { return std::to_string(n); });
  CHECK(text.error().code == NYMI_RESULT_TIMEOUT);
  const auto from_code = [](const nymi::Error &error) {
    return Result<int>(static_cast<int>(error.code));
  };
  CHECK(*Result<int>(failed).or_else(from_code) == NYMI_RESULT_TIMEOUT);
  CHECK(*Result<int>(5).or_else(from_code) == 5);

  /* What can only be moved is moved. */
  using Owner = std::unique_ptr<int>;
  const auto value = Result<Owner>(std::make_unique<int>(7)).transform([](Owner it) { return *it; });
  CHECK(*value == 7);
}

static void clients_tell_what_there_is() {
  nymi::Client client = lonely_client();
  const auto info = client.info();
  CHECK(info.has_value() && std::string((*info)->version) == nymi_version());
  CHECK((*info)->agent == nullptr && (*info)->endpoint_count == 0 && (*info)->band_count == 0);
  CHECK(client.list_endpoints().error().code == NYMI_STATUS_NOT_INITIALISED);
}

static void calls_have_futures() {
  std::future<nymi::Result<std::string>> late;
  {
    nymi::Client client = lonely_client();
    CHECK(client.wait_tap(10s).error().code == NYMI_STATUS_AGENT_MISSING);
    auto several = client.async([](nymi::Calls calls) {
      return calls.get(0ms).or_else([&](const nymi::Error &) { return calls.get(); });
    });
    CHECK(several.wait_for(20ms) == std::future_status::timeout);
    CHECK(client.put("{\"operation\":\"info\",\"exchange\":\"f\"}"));
    CHECK(several.get()->find("\"exchange\":\"f\"") != std::string::npos);

    late = client.async([](nymi::Calls calls) { return calls.get(); });
    nymi::Client moved = std::move(client);
    CHECK(late.wait_for(0s) == std::future_status::timeout);
  }
  /* The client is gone: the call ends, whether it had begun or not. */
  const std::uint32_t code = late.get().error().code;
  CHECK(code == NYMI_RESULT_TERMINATED || code == NYMI_RESULT_BAD_HANDLE);
}

static void clients_move() {
  nymi::Client first = lonely_client();
  NymiClient *handle = first.handle();
  nymi::Client second = std::move(first);
  CHECK(first.handle() == nullptr && second.handle() == handle);
  CHECK(first.put("{}").error().code == NYMI_RESULT_BAD_HANDLE);
  second = lonely_client();
  CHECK(nymi_client_wake(handle) == NYMI_RESULT_BAD_HANDLE); /* was freed by the assignment */
  CHECK(nymi_client_wake(second.handle()) == NYMI_RESULT_OKAY);
}

static void callbacks_may_throw() {
  std::mutex mutex;
  std::condition_variable changed;
  int updates = 0, lines = 0;
  bool ended = false;
  int runtime_errors = 0, others = 0;
  nymi::Config config = lonely();
  config.on_exception = [&](std::exception_ptr exception) {
    std::lock_guard<std::mutex> lock(mutex);
    try {
      std::rethrow_exception(exception);
    } catch (const std::runtime_error &) {
      runtime_errors++;
    } catch (...) {
      others++;
    }
    changed.notify_all();
    throw "its own";
  };
  config.on_log_level = NAPI_LOG_DEBUG;
  config.on_update = [&](std::optional<std::string_view> update) {
    std::lock_guard<std::mutex> lock(mutex);
    updates += update.has_value() ? 1 : 0;
    ended = !update.has_value();
    changed.notify_all();
    throw std::runtime_error("ends here");
  };
  config.on_log = [&](std::uint32_t, std::string_view line) {
    std::lock_guard<std::mutex> lock(mutex);
    lines += line.empty() ? 0 : 1;
    changed.notify_all();
    throw 5;
  };
  auto client = nymi::Client::create(std::move(config));
  CHECK(client->put("{\"operation\":\"no\"}").has_value());
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return updates >= 2 && lines >= 2; });
  changed.wait(lock, [&] { return runtime_errors >= 2 && others >= 2; });
  client->terminate();
  changed.wait(lock, [&] { return ended; });
}

/* In C a text ends at its first NUL: nothing is cut off unseen. */
static void texts_have_no_nul_within() {
  using namespace std::string_literals;
  auto client = nymi::Client::create(lonely());
  CHECK(!client->put("{\"operation\":\"info\"}\0 "s).has_value());
  nymi::AssertOptions what;
  what.band = "AA:BB:CC:DD:EE:FF";
  what.meaning = "approved\0 under protest"s;
  const auto refused = client->assert_user(what);
  CHECK(refused.error().code == NYMI_RESULT_BAD_ARGUMENT);
  CHECK(refused.error().detail.find("meaning: ") == 0);
  nymi::Config config;
  config.nea_name = "Records\0"s;
  CHECK(!nymi::Client::create(std::move(config)).has_value());
}

int main() {
  texts_have_no_nul_within();
  errors_have_their_words();
  updates_come_and_waits_end();
  results_are_values();
  clients_tell_what_there_is();
  calls_have_futures();
  clients_move();
  callbacks_may_throw();
}
