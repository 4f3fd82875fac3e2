/*
 * nymi_api.hpp: the handle interface of nymi_api.h for C++17. Header only.
 *
 * Clients and answers free themselves; functions return a Result, an answer or an Error, and throw
 * nothing but std::bad_alloc; Result::value alone throws if there is no answer. Answers are the structs
 * of nymi_api.h behind a unique_ptr, so every field is documented there:
 *
 *     auto client = nymi::Client::create({"Records"});
 *     if (!client) return report(client.error());
 *     if (auto tap = client->wait_tap(std::chrono::seconds(30))) {
 *       std::cout << (*tap)->band << '\n';
 *     }
 *
 * A Client may be used from any thread, and moved while nobody uses it; its own callbacks must not
 * destroy it. Client::async makes a future of every call.
 */
#ifndef NYMI_API_HPP
#define NYMI_API_HPP

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
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

/* What Result::value throws if there is no answer. */
class BadResult : public std::exception {
 public:
  explicit BadResult(Error error) : error_(std::make_shared<const Error>(std::move(error))) {}
  const char *what() const noexcept override { return error_->message.c_str(); }
  const Error &error() const noexcept { return *error_; }

 private:
  std::shared_ptr<const Error> error_; /* so that copies do not throw */
};

/* An answer or an error, as std::expected of C++23, whose members have these names and meanings. */
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

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

  /* The answer; throws BadResult if there is none. */
  T &value() & { return require(), **this; }
  const T &value() const & { return require(), **this; }
  T &&value() && { return require(), *std::move(*this); }

  /* The answer, or this instead. */
  T value_or(T other) && { return has_value() ? *std::move(*this) : std::move(other); }

  /* What a function that gives a Result makes of the answer. */
  template <typename F>
  std::invoke_result_t<F, T> and_then(F function) && {
    if (!has_value()) return error();
    return function(*std::move(*this));
  }

  /* What a function makes of the answer. */
  template <typename F>
  Result<std::invoke_result_t<F, T>> transform(F function) && {
    if (!has_value()) return error();
    return function(*std::move(*this));
  }

  /* What a function that gives such a Result makes of the error. */
  template <typename F>
  Result or_else(F function) && {
    if (has_value()) return std::move(*this);
    return function(error());
  }

 private:
  void require() const {
    if (!has_value()) throw BadResult(error());
  }

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

/* A text for C, where it ends at its first NUL. So that nothing is cut off unseen, a text with a NUL within is passed as one that
   is not UTF-8, which each function refuses by the argument's name. */
inline const char *text(const std::string &text) noexcept {
  return text.find('\0') == std::string::npos ? text.c_str() : "\xff";
}

inline const char *text(const std::optional<std::string> &given) noexcept {
  return given ? text(*given) : nullptr;
}

inline std::uint32_t limit(std::chrono::milliseconds timeout) noexcept {
  if (timeout.count() < 0) {
    return 0;
  }
  return timeout.count() < NYMI_FOREVER ? static_cast<std::uint32_t>(timeout.count())
                                        : NYMI_FOREVER;
}

/* A struct of C that begins with its size. */
template <typename T>
T sized() noexcept {
  T given{};
  given.size = sizeof given;
  return given;
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
using Info = Owned<NymiInfo, nymi_info_free>;
using Endpoints = Owned<NymiEndpoints, nymi_endpoints_free>;

using Digest = std::array<std::uint8_t, 32>;

/* As struct NymiClientConfig. */
struct Config {
  std::string nea_name;
  std::optional<std::string> agent_url{};
  std::optional<std::string> store_directory{};
  std::optional<std::string> log_directory{};
  std::uint32_t log_level = NAPI_LOG_NONE;
  std::uint32_t on_log_level = NAPI_LOG_NONE;
  /* Called with each update, and once without at the end. An exception ends the call alone; ending
     the thread, as pthread_exit does, ends the process. */
  std::function<void(std::optional<std::string_view> update)> on_update{};
  /* Called with each line of the log. */
  std::function<void(std::uint32_t level, std::string_view line)> on_log{};
  /* Told, on the same thread, of each exception that left one of the two. Its own are dropped. */
  std::function<void(std::exception_ptr)> on_exception{};
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

/*
 * The calls of a client, without owning it: what Client has, too, and what its futures are given. It may
 * be copied, and outlive the client: then its calls fail with NYMI_RESULT_BAD_HANDLE.
 */
class Calls {
 public:
  explicit Calls(NymiClient *client) noexcept : client_(client) {}

  /* The handle, for functions of nymi_api.h. */
  NymiClient *handle() const noexcept { return client_; }

  void terminate() const noexcept { nymi_client_terminate(client_); }
  void wake() const noexcept { nymi_client_wake(client_); }

  /*
   * Makes a call on another thread: a future of what the function returns, which is given Calls.
   *
   *     auto tap = client.async([](nymi::Calls calls) { return calls.wait_tap(); });
   *
   * The future's destructor waits for the call, so give it a timeout, or end it with wake, cancel or
   * terminate. It does not matter if the client is moved or destroyed in the meantime.
   */
  template <typename F>
  std::future<std::invoke_result_t<F, Calls>> async(F function) const {
    return std::async(std::launch::async, std::move(function), *this);
  }

  Result<Done> put(const std::string &json) const {
    return act(nymi_client_put, detail::text(json));
  }

  Result<std::string> get(std::chrono::milliseconds timeout = forever) const {
    return raw<char *>(nymi_client_get, detail::limit(timeout)).transform([](char *update) {
      return std::string(Owned<char, nymi_string_free>(update).get());
    });
  }

  Result<int> descriptor() const { return raw<int>(nymi_client_descriptor); }

  Result<Tap> wait_tap(std::chrono::milliseconds timeout = forever) const {
    return ask<Tap>(nymi_client_wait_tap, detail::limit(timeout));
  }

  Result<Event> wait_event(std::chrono::milliseconds timeout = forever) const {
    return ask<Event>(nymi_client_wait_event, detail::limit(timeout));
  }

  Result<Init> init(const InitOptions &options = {}, const Call &call = {}) const {
    auto given = detail::sized<NymiInitOptions>();
    given.nes_url = detail::text(options.nes_url);
    given.username = detail::text(options.username);
    given.password = detail::text(options.password);
    given.token = detail::text(options.token);
    given.l1 = detail::text(options.l1);
    given.grade = detail::text(options.grade);
    given.agent_url = detail::text(options.agent_url);
    return ask<Init>(nymi_client_init, &given, How(call));
  }

  Result<Endpoint> subscribe(const std::string &named, const Call &call = {}) const {
    return ask<Endpoint>(nymi_client_subscribe, detail::text(named), How(call));
  }

  Result<Done> unsubscribe(const std::string &named, const Call &call = {}) const {
    return act(nymi_client_unsubscribe, detail::text(named), How(call));
  }

  Result<Done> cancel(const std::string &exchange) const {
    return act(nymi_client_cancel, detail::text(exchange));
  }

  Result<Lookup> lookup(const LookupQuery &query, const Call &call = {}) const {
    auto given = detail::sized<NymiLookupQuery>();
    given.username = detail::text(query.username);
    given.domain = detail::text(query.domain);
    given.band = detail::text(query.band);
    given.nfc_uid = detail::text(query.nfc_uid);
    given.serial_number = detail::text(query.serial_number);
    return ask<Lookup>(nymi_client_lookup, &given, How(call));
  }

  Result<Assertion> assert_user(const AssertOptions &options, const Call &call = {}) const {
    auto given = detail::sized<NymiAssertOptions>();
    given.band = detail::text(options.band);
    given.intent_id = detail::text(options.intent_id);
    given.document_sha256 = options.document_sha256 ? options.document_sha256->data() : nullptr;
    given.meaning = detail::text(options.meaning);
    given.audience = detail::text(options.audience);
    given.nonce = detail::text(options.nonce);
    return ask<Assertion>(nymi_client_assert, &given, How(call));
  }

  Result<UserStatus> user_status(const std::string &username, const std::string &domain,
                                 const Call &call = {}) const {
    return ask<UserStatus>(nymi_client_user_status, detail::text(username), detail::text(domain), How(call));
  }

  Result<Done> notify(const std::string &band, NymiNotification notification,
                      const Call &call = {}) const {
    return act(nymi_client_notify, detail::text(band), notification, How(call));
  }

  Result<Random> random(const std::string &band, std::uint32_t size, const Call &call = {}) const {
    return ask<Random>(nymi_client_random, detail::text(band), size, How(call));
  }

  Result<Signature> sign(const std::string &band, const Digest &sha256,
                         const Call &call = {}) const {
    return ask<Signature>(nymi_client_sign, detail::text(band), sha256.data(), How(call));
  }

  Result<Key> symmetric_key(const std::string &band, NymiKeyAction action,
                            const std::optional<std::string> &key_id = std::nullopt,
                            const Call &call = {}) const {
    return ask<Key>(nymi_client_symmetric_key, detail::text(band), action, detail::text(key_id),
                    How(call));
  }

  Result<Totp> totp(const std::string &band, NymiKeyAction action, const Call &call = {}) const {
    return ask<Totp>(nymi_client_totp, detail::text(band), action, How(call));
  }

  Result<Firmware> firmware(const std::string &band, const Call &call = {}) const {
    return ask<Firmware>(nymi_client_firmware, detail::text(band), How(call));
  }

  Result<Info> info(const Call &call = {}) const {
    return ask<Info>(nymi_client_info, How(call));
  }

  Result<Endpoints> list_endpoints(const Call &call = {}) const {
    return ask<Endpoints>(nymi_client_list_endpoints, How(call));
  }

 protected:
  NymiClient *client_;

 private:
  /* A Call as the functions take it. */
  class How {
   public:
    explicit How(const Call &call) noexcept : call_(detail::sized<NymiCall>()) {
      call_.timeout_ms = detail::limit(call.timeout);
      call_.exchange = detail::text(call.exchange);
    }
    operator const NymiCall *() const noexcept { return &call_; }

   private:
    NymiCall call_;
  };

  /* Calls a function of nymi_api.h whose last argument is the error. */
  template <typename F, typename... A>
  Result<Done> act(F function, const A &...arguments) const {
    NymiError *error = nullptr;
    const std::uint32_t code = function(client_, arguments..., &error);
    if (code != NYMI_RESULT_OKAY) {
      return detail::take(code, error);
    }
    return Done{};
  }

  /* The same for one that gives an answer in the argument before it. */
  template <typename T, typename F, typename... A>
  Result<T> raw(F function, const A &...arguments) const {
    T answer{};
    return act([&](NymiClient *client, NymiError **error) {
             return function(client, arguments..., &answer, error);
           }).transform([&](Done) { return answer; });
  }

  /* The same for an answer that has to be freed. */
  template <typename T, typename F, typename... A>
  Result<T> ask(F function, const A &...arguments) const {
    return raw<typename T::pointer>(function, arguments...).transform([](auto answer) {
      return T(answer);
    });
  }
};

/* A client, and its end. */
class Client : public Calls {
 public:
  static Result<Client> create(Config config) {
    auto functions = std::make_unique<Functions>();
    functions->on_update = std::move(config.on_update);
    functions->on_log = std::move(config.on_log);
    functions->on_exception = std::move(config.on_exception);
    auto wanted = detail::sized<NymiClientConfig>();
    wanted.nea_name = detail::text(config.nea_name);
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
      : Calls(std::exchange(other.client_, nullptr)), functions_(std::move(other.functions_)) {}
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

 private:
  struct Functions {
    std::function<void(std::optional<std::string_view>)> on_update;
    std::function<void(std::uint32_t, std::string_view)> on_log;
    std::function<void(std::exception_ptr)> on_exception;

    /* Of the exception that is being caught. */
    void report() const noexcept {
      try {
        if (on_exception) on_exception(std::current_exception());
      } catch (...) {
      }
    }
  };

  Client(NymiClient *client, std::unique_ptr<Functions> functions) noexcept
      : Calls(client), functions_(std::move(functions)) {}

  /* No exception may go through the library. */
  static void update_arrived(void *user_data, const char *update) noexcept {
    const auto &functions = *static_cast<const Functions *>(user_data);
    try {
      const auto &on_update = functions.on_update;
      update != nullptr ? on_update(std::string_view(update)) : on_update(std::nullopt);
    } catch (...) {
      functions.report();
    }
  }

  static void line_arrived(void *user_data, std::uint32_t level, const char *line) noexcept {
    const auto &functions = *static_cast<const Functions *>(user_data);
    try {
      functions.on_log(level, line);
    } catch (...) {
      functions.report();
    }
  }

  void end() noexcept {
    if (client_ != nullptr) {
      nymi_client_free(std::exchange(client_, nullptr));
    }
  }

  std::unique_ptr<Functions> functions_;
};

}  // namespace nymi

#endif  /* NYMI_API_HPP */
