/*
 * nymi_api.hpp: the handle interface of nymi_api.h for C++17. Header only.
 *
 * Clients and answers free themselves; functions return a Result, an answer or an Error, and throw
 * nothing but std::bad_alloc. Answers are the structs of nymi_api.h behind a unique_ptr, so every
 * field is documented there:
 *
 *     auto client = nymi::Client::create({"Records"});
 *     if (!client) return report(client.error());
 *     if (auto tap = client->wait_tap(std::chrono::seconds(30))) {
 *       std::cout << (*tap)->band << '\n';
 *     }
 *
 * A Client may be used from any thread, and moved while nobody uses it; its own callbacks must not
 * destroy it. For a future, put a call into std::async.
 */
#ifndef NYMI_API_HPP
#define NYMI_API_HPP

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nymi_api.h"

namespace nymi {

/* What went wrong. */
struct Error {
  std::uint32_t code = NYMI_RESULT_FAULT; /* enum NymiResult or enum NymiStatus */
  std::uint32_t nsl = 0;                  /* the certificate error, with NYMI_STATUS_CERTIFICATES */
  std::string message;
  std::string detail;
};

/* An answer or an error, as std::expected of C++23. */
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /* The answer; only if there is one. */
  T &operator*() & noexcept { return *std::get_if<0>(&state_); }
  const T &operator*() const & noexcept { return *std::get_if<0>(&state_); }
  T &&operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  T *operator->() noexcept { return std::get_if<0>(&state_); }
  const T *operator->() const noexcept { return std::get_if<0>(&state_); }

  /* The error; only if there is one. */
  const Error &error() const noexcept { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

/* The answer of what answers nothing. */
struct Done {};

namespace detail {

template <typename T, void (*free)(T *)>
struct Freed {
  void operator()(T *object) const noexcept { free(object); }
};

inline Error take(std::uint32_t code, NymiError *error) {
  std::unique_ptr<NymiError, Freed<NymiError, nymi_error_free>> owned(error);
  if (!owned) {
    return Error{code, 0, "", ""}; /* as after a fork */
  }
  return Error{owned->code, owned->nsl, owned->message, owned->detail};
}

inline const char *text(const std::optional<std::string> &text) noexcept {
  return text ? text->c_str() : nullptr;
}

}  // namespace detail

template <typename T, void (*free)(T *)>
using Owned = std::unique_ptr<T, detail::Freed<T, free>>;

using Init = Owned<NymiInit, nymi_init_free>;
using Endpoint = Owned<NymiEndpoint, nymi_endpoint_free>;
using Tap = Owned<NymiTap, nymi_tap_free>;
using Event = Owned<NymiEvent, nymi_event_free>;
using Lookup = Owned<NymiLookup, nymi_lookup_free>;
using Assertion = Owned<NymiAssertion, nymi_assertion_free>;
using UserStatus = Owned<NymiUserStatus, nymi_user_status_free>;
using Random = Owned<NymiRandom, nymi_random_free>;
using Signature = Owned<NymiSignature, nymi_signature_free>;
using Key = Owned<NymiKey, nymi_key_free>;
using Totp = Owned<NymiTotp, nymi_totp_free>;
using Firmware = Owned<NymiFirmware, nymi_firmware_free>;

using Digest = std::array<std::uint8_t, 32>;

/* As struct NymiClientConfig. */
struct Config {
  std::string nea_name;
  std::optional<std::string> agent_url{};
  std::optional<std::string> store_directory{};
  std::optional<std::string> log_directory{};
  std::uint32_t log_level = NAPI_LOG_NONE;
  std::uint32_t on_log_level = NAPI_LOG_NONE;
  /* Called with each update, and once without at the end. An exception ends the call alone. */
  std::function<void(std::optional<std::string_view> update)> on_update{};
  /* Called with each line of the log. */
  std::function<void(std::uint32_t level, std::string_view line)> on_log{};
};

/* As struct NymiInitOptions. */
struct InitOptions {
  std::optional<std::string> nes_url{}, username{}, password{}, token{}, l1{}, grade{}, agent_url{};
};

/* As struct NymiLookupQuery. */
struct LookupQuery {
  std::optional<std::string> username{}, domain{}, band{}, nfc_uid{}, serial_number{};
};

/* As struct NymiAssertOptions. */
struct AssertOptions {
  std::string band;
  std::optional<std::string> intent_id{};
  std::optional<Digest> document_sha256{};
  std::optional<std::string> meaning{}, audience{}, nonce{};
};

/* As struct NymiCall; 0 ms are the default. */
struct Call {
  std::chrono::milliseconds timeout{0};
  std::optional<std::string> exchange{};
};

/* Waits without end, as a timeout. */
inline constexpr std::chrono::milliseconds forever = std::chrono::milliseconds::max();

class Client {
 public:
  static Result<Client> create(Config config) {
    auto functions = std::make_unique<Functions>();
    functions->on_update = std::move(config.on_update);
    functions->on_log = std::move(config.on_log);
    NymiClientConfig wanted{};
    wanted.size = sizeof wanted;
    wanted.nea_name = config.nea_name.c_str();
    wanted.agent_url = detail::text(config.agent_url);
    wanted.store_directory = detail::text(config.store_directory);
    wanted.log_directory = detail::text(config.log_directory);
    wanted.log_level = config.log_level;
    wanted.on_log_level = config.on_log_level;
    wanted.on_update = functions->on_update ? update_arrived : nullptr;
    wanted.on_log = functions->on_log ? line_arrived : nullptr;
    wanted.user_data = functions.get();
    NymiClient *client = nullptr;
    NymiError *error = nullptr;
    const std::uint32_t code = nymi_client_new(&wanted, &client, &error);
    if (code != NYMI_RESULT_OKAY) {
      return detail::take(code, error);
    }
    return Client(client, std::move(functions));
  }

  Client(Client &&other) noexcept
      : client_(std::exchange(other.client_, nullptr)), functions_(std::move(other.functions_)) {}
  Client &operator=(Client &&other) noexcept {
    if (this != &other) {
      end();
      client_ = std::exchange(other.client_, nullptr);
      functions_ = std::move(other.functions_);
    }
    return *this;
  }
  Client(const Client &) = delete;
  Client &operator=(const Client &) = delete;
  ~Client() { end(); }

  /* The handle, for functions of nymi_api.h. */
  NymiClient *handle() const noexcept { return client_; }

  void terminate() noexcept { nymi_client_terminate(client_); }
  void wake() noexcept { nymi_client_wake(client_); }

  Result<Done> put(const std::string &json) {
    return act([&](NymiError **error) { return nymi_client_put(client_, json.c_str(), error); });
  }

  Result<std::string> get(std::chrono::milliseconds timeout = forever) {
    char *update = nullptr;
    NymiError *error = nullptr;
    const std::uint32_t code = nymi_client_get(client_, limit(timeout), &update, &error);
    if (code != NYMI_RESULT_OKAY) {
      return detail::take(code, error);
    }
    Owned<char, nymi_string_free> owned(update);
    return std::string(owned.get());
  }

  Result<int> descriptor() {
    int descriptor = -1;
    NymiError *error = nullptr;
    const std::uint32_t code = nymi_client_descriptor(client_, &descriptor, &error);
    if (code != NYMI_RESULT_OKAY) {
      return detail::take(code, error);
    }
    return descriptor;
  }

  Result<Tap> wait_tap(std::chrono::milliseconds timeout = forever) {
    return ask<Tap>([&](NymiTap **tap, NymiError **error) {
      return nymi_client_wait_tap(client_, limit(timeout), tap, error);
    });
  }

  Result<Event> wait_event(std::chrono::milliseconds timeout = forever) {
    return ask<Event>([&](NymiEvent **event, NymiError **error) {
      return nymi_client_wait_event(client_, limit(timeout), event, error);
    });
  }

  Result<Init> init(const InitOptions &options = {}, const Call &call = {}) {
    NymiInitOptions given{};
    given.size = sizeof given;
    given.nes_url = detail::text(options.nes_url);
    given.username = detail::text(options.username);
    given.password = detail::text(options.password);
    given.token = detail::text(options.token);
    given.l1 = detail::text(options.l1);
    given.grade = detail::text(options.grade);
    given.agent_url = detail::text(options.agent_url);
    const NymiCall how = to_c(call);
    return ask<Init>([&](NymiInit **init, NymiError **error) {
      return nymi_client_init(client_, &given, &how, init, error);
    });
  }

  Result<Endpoint> subscribe(const std::string &named, const Call &call = {}) {
    const NymiCall how = to_c(call);
    return ask<Endpoint>([&](NymiEndpoint **endpoint, NymiError **error) {
      return nymi_client_subscribe(client_, named.c_str(), &how, endpoint, error);
    });
  }

  Result<Done> unsubscribe(const std::string &named, const Call &call = {}) {
    const NymiCall how = to_c(call);
    return act([&](NymiError **error) {
      return nymi_client_unsubscribe(client_, named.c_str(), &how, error);
    });
  }

  Result<Done> cancel(const std::string &exchange) {
    return act([&](NymiError **error) {
      return nymi_client_cancel(client_, exchange.c_str(), error);
    });
  }

  Result<Lookup> lookup(const LookupQuery &query, const Call &call = {}) {
    NymiLookupQuery given{};
    given.size = sizeof given;
    given.username = detail::text(query.username);
    given.domain = detail::text(query.domain);
    given.band = detail::text(query.band);
    given.nfc_uid = detail::text(query.nfc_uid);
    given.serial_number = detail::text(query.serial_number);
    const NymiCall how = to_c(call);
    return ask<Lookup>([&](NymiLookup **lookup, NymiError **error) {
      return nymi_client_lookup(client_, &given, &how, lookup, error);
    });
  }

  Result<Assertion> assert_user(const AssertOptions &options, const Call &call = {}) {
    NymiAssertOptions given{};
    given.size = sizeof given;
    given.band = options.band.c_str();
    given.intent_id = detail::text(options.intent_id);
    given.document_sha256 = options.document_sha256 ? options.document_sha256->data() : nullptr;
    given.meaning = detail::text(options.meaning);
    given.audience = detail::text(options.audience);
    given.nonce = detail::text(options.nonce);
    const NymiCall how = to_c(call);
    return ask<Assertion>([&](NymiAssertion **assertion, NymiError **error) {
      return nymi_client_assert(client_, &given, &how, assertion, error);
    });
  }

  Result<UserStatus> user_status(const std::string &username, const std::string &domain,
                                 const Call &call = {}) {
    const NymiCall how = to_c(call);
    return ask<UserStatus>([&](NymiUserStatus **status, NymiError **error) {
      return nymi_client_user_status(client_, username.c_str(), domain.c_str(), &how, status,
                                     error);
    });
  }

  Result<Done> notify(const std::string &band, NymiNotification notification,
                      const Call &call = {}) {
    const NymiCall how = to_c(call);
    return act([&](NymiError **error) {
      return nymi_client_notify(client_, band.c_str(), notification, &how, error);
    });
  }

  Result<Random> random(const std::string &band, std::uint32_t size, const Call &call = {}) {
    const NymiCall how = to_c(call);
    return ask<Random>([&](NymiRandom **random, NymiError **error) {
      return nymi_client_random(client_, band.c_str(), size, &how, random, error);
    });
  }

  Result<Signature> sign(const std::string &band, const Digest &sha256, const Call &call = {}) {
    const NymiCall how = to_c(call);
    return ask<Signature>([&](NymiSignature **signature, NymiError **error) {
      return nymi_client_sign(client_, band.c_str(), sha256.data(), &how, signature, error);
    });
  }

  Result<Key> symmetric_key(const std::string &band, NymiKeyAction action,
                            const std::optional<std::string> &key_id = std::nullopt,
                            const Call &call = {}) {
    const NymiCall how = to_c(call);
    return ask<Key>([&](NymiKey **key, NymiError **error) {
      return nymi_client_symmetric_key(client_, band.c_str(), action, detail::text(key_id), &how,
                                       key, error);
    });
  }

  Result<Totp> totp(const std::string &band, NymiKeyAction action, const Call &call = {}) {
    const NymiCall how = to_c(call);
    return ask<Totp>([&](NymiTotp **totp, NymiError **error) {
      return nymi_client_totp(client_, band.c_str(), action, &how, totp, error);
    });
  }

  Result<Firmware> firmware(const std::string &band, const Call &call = {}) {
    const NymiCall how = to_c(call);
    return ask<Firmware>([&](NymiFirmware **firmware, NymiError **error) {
      return nymi_client_firmware(client_, band.c_str(), &how, firmware, error);
    });
  }

 private:
  struct Functions {
    std::function<void(std::optional<std::string_view>)> on_update;
    std::function<void(std::uint32_t, std::string_view)> on_log;
  };

  Client(NymiClient *client, std::unique_ptr<Functions> functions) noexcept
      : client_(client), functions_(std::move(functions)) {}

  /* No exception may go through the library. */
  static void update_arrived(void *user_data, const char *update) noexcept {
    try {
      const auto &on_update = static_cast<Functions *>(user_data)->on_update;
      update != nullptr ? on_update(std::string_view(update)) : on_update(std::nullopt);
    } catch (...) {
    }
  }

  static void line_arrived(void *user_data, std::uint32_t level, const char *line) noexcept {
    try {
      static_cast<Functions *>(user_data)->on_log(level, line);
    } catch (...) {
    }
  }

  static std::uint32_t limit(std::chrono::milliseconds timeout) noexcept {
    if (timeout.count() < 0) {
      return 0;
    }
    return timeout.count() < NYMI_FOREVER ? static_cast<std::uint32_t>(timeout.count())
                                          : NYMI_FOREVER;
  }

  static NymiCall to_c(const Call &call) noexcept {
    NymiCall how{};
    how.size = sizeof how;
    how.timeout_ms = limit(call.timeout);
    how.exchange = detail::text(call.exchange);
    return how;
  }

  template <typename T, typename F>
  static Result<T> ask(F function) {
    typename T::pointer answer = nullptr;
    NymiError *error = nullptr;
    const std::uint32_t code = function(&answer, &error);
    if (code != NYMI_RESULT_OKAY) {
      return detail::take(code, error);
    }
    return T(answer);
  }

  template <typename F>
  static Result<Done> act(F function) {
    NymiError *error = nullptr;
    const std::uint32_t code = function(&error);
    if (code != NYMI_RESULT_OKAY) {
      return detail::take(code, error);
    }
    return Done{};
  }

  void end() noexcept {
    if (client_ != nullptr) {
      nymi_client_free(std::exchange(client_, nullptr));
    }
  }

  NymiClient *client_;
  std::unique_ptr<Functions> functions_;
};

}  // namespace nymi

#endif  /* NYMI_API_HPP */
