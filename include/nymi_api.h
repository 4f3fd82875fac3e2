/*
 * nymi_api.h: the Nymi API for C and C++ (C11, C++17).
 *
 * Generated from the sources of nymi-ffi; do not edit.
 *
 * There are two interfaces; new programs use the first.
 *
 * Handles, nymi_...: nymi_client_new makes a client, nymi_client_init makes it known, and typed
 * functions do the rest: nymi_client_subscribe, nymi_client_wait_tap, nymi_client_assert and more.
 * Every function returns 0 for success, else a number of enum NymiResult or enum NymiStatus, and
 * says more in a struct NymiError if the caller gives it a place. Outputs are written only on
 * success. What a function gives is freed with the function that its description names.
 *
 * Classic, napi...: five functions over one client of the process, for programs that use them
 * already. Requests go in as JSON with napiPut, updates come out as JSON with napiGet.
 *
 * Both may be used in one process. A request as JSON
 *
 *     {"operation":"...","exchange":"any string","payload":{...}}
 *
 * is answered by an update with the same exchange
 *
 *     {"operation":"...","exchange":"...","status":0,"payload":{...},"error":{}}
 *
 * and a status of enum NymiStatus. Events such as a tap are updates whose exchange is null. The
 * first request is "init"; all but "init" and "info" need its success.
 *
 * Threads: every function may be called from any thread at any time. Each client has one thread of
 * the library's, and a second one if it has callbacks, on which alone they run; the signals of the
 * process are blocked on both.
 *
 * Texts are UTF-8, end with a NUL and have at most 1 MiB in the handle interface. No function keeps a
 * pointer that it is given, except `user_data` of callbacks. A client that was freed is recognised,
 * however late. An answer that is freed twice is recognised while its address is kept: for the next
 * 1023 answers that are freed, or fewer if what is kept of them comes to 1 MiB; later the address may be
 * that of another answer. After fork, a child whose parent had a client gets an error from every
 * function. The library stays in memory after dlclose, and on Windows after FreeLibrary once there was
 * a client.
 */

#ifndef NYMI_API_H
#define NYMI_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The status of an update. Numbers are added and never change their meaning.
 */
enum NymiStatus {
  /**
   * Success.
   */
  NYMI_STATUS_SUCCESS = 0,
  /**
   * The message is not valid JSON.
   */
  NYMI_STATUS_MALFORMED_JSON = 1000,
  /**
   * The operation is not known.
   */
  NYMI_STATUS_UNKNOWN_OPERATION = 1001,
  /**
   * A required field is missing.
   */
  NYMI_STATUS_MISSING_FIELD = 1002,
  /**
   * A field is not valid.
   */
  NYMI_STATUS_INVALID_FIELD = 1003,
  /**
   * The client is not initialised.
   */
  NYMI_STATUS_NOT_INITIALISED = 1004,
  /**
   * The exchange is already in use.
   */
  NYMI_STATUS_DUPLICATE_EXCHANGE = 1005,
  /**
   * The operation was cancelled.
   */
  NYMI_STATUS_CANCELLED = 1006,
  /**
   * The client was terminated.
   */
  NYMI_STATUS_TERMINATED = 1007,
  /**
   * Too many operations are in flight.
   */
  NYMI_STATUS_TOO_MANY_IN_FLIGHT = 1008,
  /**
   * The message is too large.
   */
  NYMI_STATUS_TOO_LARGE = 1009,
  /**
   * The NES cannot be reached.
   */
  NYMI_STATUS_NES_UNREACHABLE = 2000,
  /**
   * The TLS certificate of the NES is not trusted.
   */
  NYMI_STATUS_NES_TLS = 2001,
  /**
   * The NES refused the credentials.
   */
  NYMI_STATUS_NES_CREDENTIALS = 2002,
  /**
   * The NES does not allow this account to do that.
   */
  NYMI_STATUS_NES_FORBIDDEN = 2003,
  /**
   * The NES had an internal error.
   */
  NYMI_STATUS_NES_SERVER_ERROR = 2004,
  /**
   * The NES did not answer in time.
   */
  NYMI_STATUS_NES_TIMEOUT = 2005,
  /**
   * The version of the NES is not supported.
   */
  NYMI_STATUS_NES_VERSION = 2006,
  /**
   * The requested query was not found on the NES server.
   */
  NYMI_STATUS_NOT_FOUND = 2201,
  /**
   * Operation timed out: the NES did not answer during a band operation.
   */
  NYMI_STATUS_TIMEOUT_NES = 3000,
  /**
   * Operation timed out: the band did not answer.
   */
  NYMI_STATUS_TIMEOUT_BAND = 3010,
  /**
   * The band is not present.
   */
  NYMI_STATUS_BAND_NOT_PRESENT = 3020,
  /**
   * The band is not authenticated.
   */
  NYMI_STATUS_BAND_NOT_AUTHENTICATED = 3021,
  /**
   * The band's firmware is out of date.
   */
  NYMI_STATUS_BAND_FIRMWARE = 3022,
  /**
   * The band is out of memory.
   */
  NYMI_STATUS_BAND_MEMORY = 3023,
  /**
   * The band is locked out.
   */
  NYMI_STATUS_BAND_LOCKED_OUT = 3024,
  /**
   * The key was not found on the band.
   */
  NYMI_STATUS_KEY_NOT_FOUND = 3025,
  /**
   * The band refused the operation.
   */
  NYMI_STATUS_BAND_REFUSED = 3026,
  /**
   * The connection to the band was lost.
   */
  NYMI_STATUS_BAND_CONNECTION_LOST = 3027,
  /**
   * Nymi Agent missing.
   */
  NYMI_STATUS_AGENT_MISSING = 4000,
  /**
   * The Nymi Agent refused the connection.
   */
  NYMI_STATUS_AGENT_REFUSED = 4001,
  /**
   * The version of the Nymi Agent is not supported.
   */
  NYMI_STATUS_AGENT_VERSION = 4002,
  /**
   * The Nymi Agent is overloaded.
   */
  NYMI_STATUS_AGENT_OVERLOADED = 4003,
  /**
   * Nymi Bluetooth Endpoint is missing.
   */
  NYMI_STATUS_ENDPOINT_MISSING = 5100,
  /**
   * The Bluetooth adapter is missing.
   */
  NYMI_STATUS_ADAPTER_MISSING = 5101,
  /**
   * The NFC reader is missing.
   */
  NYMI_STATUS_READER_MISSING = 5102,
  /**
   * The endpoint id is already in use.
   */
  NYMI_STATUS_DUPLICATE_ENDPOINT = 5103,
  /**
   * Presence verification failed.
   */
  NYMI_STATUS_PAC_FAILED = 6000,
  /**
   * The presence code was used before.
   */
  NYMI_STATUS_PAC_REPLAYED = 6001,
  /**
   * The band has lost its time.
   */
  NYMI_STATUS_PAC_TIME_LOST = 6002,
  /**
   * The presence code is too old or too new.
   */
  NYMI_STATUS_PAC_OUT_OF_BOUNDS = 6003,
  /**
   * The NES has no advertising key for this band.
   */
  NYMI_STATUS_NO_ADV_KEY = 6004,
  /**
   * The advertising key could not be confirmed.
   */
  NYMI_STATUS_CMAC_MISMATCH = 6005,
  /**
   * The terminal's clock differs from that of the NES.
   */
  NYMI_STATUS_TERMINAL_CLOCK = 6006,
  /**
   * The user was not found.
   */
  NYMI_STATUS_USER_NOT_FOUND = 6010,
  /**
   * The band is not active.
   */
  NYMI_STATUS_BAND_NOT_ACTIVE = 6011,
  /**
   * The user's account is disabled.
   */
  NYMI_STATUS_ACCOUNT_DISABLED = 6012,
  /**
   * The user's account is locked.
   */
  NYMI_STATUS_ACCOUNT_LOCKED = 6013,
  /**
   * The user's account has expired.
   */
  NYMI_STATUS_ACCOUNT_EXPIRED = 6014,
  /**
   * The user's password has expired.
   */
  NYMI_STATUS_PASSWORD_EXPIRED = 6015,
  /**
   * The user or terminal is not a member of an allowed unit.
   */
  NYMI_STATUS_NOT_IN_UNIT = 6016,
  /**
   * The policy does not allow this.
   */
  NYMI_STATUS_FORBIDDEN_BY_POLICY = 7000,
  /**
   * Nymi Lock Control is not enabled.
   */
  NYMI_STATUS_LOCK_CONTROL_OFF = 7001,
  /**
   * NEA missing certificates.
   */
  NYMI_STATUS_CERTIFICATES = 8000,
  /**
   * Internal error.
   */
  NYMI_STATUS_INTERNAL = 9000,
};

/*
 * The names of operations, events and fields in messages as JSON.
 */

#define NYMI_OPERATION_INIT "init"
#define NYMI_OPERATION_INFO "info"
#define NYMI_OPERATION_LIST_ENDPOINTS "list_endpoints"
#define NYMI_OPERATION_SUBSCRIBE_ENDPOINT "subscribe_endpoint"
#define NYMI_OPERATION_UNSUBSCRIBE_ENDPOINT "unsubscribe_endpoint"
#define NYMI_OPERATION_LOOKUP "lookup"
#define NYMI_OPERATION_ASSERT_IDENTITY "assert_identity"
#define NYMI_OPERATION_USER_STATUS "user_status"
#define NYMI_OPERATION_NOTIFY "notify"
#define NYMI_OPERATION_RANDOM "random"
#define NYMI_OPERATION_SIGN "sign"
#define NYMI_OPERATION_SYMMETRIC_KEY "symmetric_key"
#define NYMI_OPERATION_TOTP "totp"
#define NYMI_OPERATION_FIRMWARE "firmware"
#define NYMI_OPERATION_CANCEL "cancel"

#define NYMI_EVENT_TAP "tap"
#define NYMI_EVENT_PRESENCE "presence"
#define NYMI_EVENT_ENDPOINT "endpoint"
#define NYMI_EVENT_ERROR "error"

#define NYMI_FIELD_BAND_LABEL "BandLabel"
#define NYMI_FIELD_DOMAIN "Domain"
#define NYMI_FIELD_FIRMWARE_VERSION_COLUMN "FirmwareVersion"
#define NYMI_FIELD_HARDWARE_VERSION_COLUMN "HardwareVersion"
#define NYMI_FIELD_IDENTITY_PUBLIC_KEY "IdentityPublicKey"
#define NYMI_FIELD_IS_ACTIVE "IsActive"
#define NYMI_FIELD_IS_PRIMARY "IsPrimary"
#define NYMI_FIELD_NFC_UID "NfcUID"
#define NYMI_FIELD_NYMI_BAND_ID "NymiBandID"
#define NYMI_FIELD_SERIAL_NUMBER "SerialNumber"
#define NYMI_FIELD_USERNAME_COLUMN "Username"
#define NYMI_FIELD_ACTION "action"
#define NYMI_FIELD_ADAPTERS "adapters"
#define NYMI_FIELD_ADDRESSES "addresses"
#define NYMI_FIELD_AFTER "after"
#define NYMI_FIELD_AGENT "agent"
#define NYMI_FIELD_AGENT_URL "agent_url"
#define NYMI_FIELD_ASSERT_TYPE "assert_type"
#define NYMI_FIELD_ASSERTION "assertion"
#define NYMI_FIELD_AT "at"
#define NYMI_FIELD_AUDIENCE "audience"
#define NYMI_FIELD_AUTHENTICATED "authenticated"
#define NYMI_FIELD_BANDS "bands"
#define NYMI_FIELD_BEFORE "before"
#define NYMI_FIELD_CACHED "cached"
#define NYMI_FIELD_CERTIFICATE "certificate"
#define NYMI_FIELD_CHECKED_AT "checked_at"
#define NYMI_FIELD_DEADLINE_MS "deadline_ms"
#define NYMI_FIELD_DETAIL "detail"
#define NYMI_FIELD_DEVICE "device"
#define NYMI_FIELD_DOCUMENT_SHA256 "document_sha256"
#define NYMI_FIELD_ENDPOINT_ID "endpoint_id"
#define NYMI_FIELD_ENDPOINTS "endpoints"
#define NYMI_FIELD_EVENT "event"
#define NYMI_FIELD_EXCHANGE "exchange"
#define NYMI_FIELD_FIRMWARE_VERSION "firmware_version"
#define NYMI_FIELD_GRADE "grade"
#define NYMI_FIELD_HARDWARE_VERSION "hardware_version"
#define NYMI_FIELD_HASH "hash"
#define NYMI_FIELD_HOSTNAME "hostname"
#define NYMI_FIELD_ID "id"
#define NYMI_FIELD_INTENT_ID "intent_id"
#define NYMI_FIELD_KEY "key"
#define NYMI_FIELD_KEY_ID "key_id"
#define NYMI_FIELD_KIND "kind"
#define NYMI_FIELD_L1 "l1"
#define NYMI_FIELD_LENGTH "length"
#define NYMI_FIELD_LOOKUP_KEYS "lookup_keys"
#define NYMI_FIELD_MATCHES "matches"
#define NYMI_FIELD_MEANING "meaning"
#define NYMI_FIELD_METHOD "method"
#define NYMI_FIELD_NAME "name"
#define NYMI_FIELD_NEA_NAME "nea_name"
#define NYMI_FIELD_NES "nes"
#define NYMI_FIELD_NES_URL "nes_url"
#define NYMI_FIELD_NONCE "nonce"
#define NYMI_FIELD_NOT_AFTER "not_after"
#define NYMI_FIELD_NOTIFICATION "notification"
#define NYMI_FIELD_OTPAUTH "otpauth"
#define NYMI_FIELD_PASSWORD "password"
#define NYMI_FIELD_PROXIMITY "proximity"
#define NYMI_FIELD_PUBLIC_KEY "public_key"
#define NYMI_FIELD_QUERY "query"
#define NYMI_FIELD_RANDOM "random"
#define NYMI_FIELD_READERS "readers"
#define NYMI_FIELD_READY "ready"
#define NYMI_FIELD_RSSI "rssi"
#define NYMI_FIELD_SERIAL "serial"
#define NYMI_FIELD_SIGNATURE "signature"
#define NYMI_FIELD_STATE "state"
#define NYMI_FIELD_STATUS "status"
#define NYMI_FIELD_TOKEN "token"
#define NYMI_FIELD_TOTP "totp"
#define NYMI_FIELD_USERNAME "username"
#define NYMI_FIELD_VERIFIED_AT "verified_at"
#define NYMI_FIELD_VERSION "version"
#define NYMI_FIELD_WORN "worn"


/**
 * Waits without end, as a timeout.
 */
#define NYMI_FOREVER UINT32_MAX

/**
 * The number of the binary interface: the header's `NYMI_ABI_VERSION`.
 */
#define NYMI_ABI_VERSION 1

/**
 * What napiConfigure returns.
 */
enum NapiConfigure {
  /**
   * The client runs. Whether the agent can be reached is told by updates.
   */
  NAPI_CONFIGURE_OKAY = 0,
  /**
   * `provisions` is not a JSON object.
   */
  NAPI_CONFIGURE_INVALID_PROVISION_JSON = 1,
  /**
   * `neaName` is NULL, empty or not the name of an application.
   */
  NAPI_CONFIGURE_MISSING_NEA_NAME = 2,
  /**
   * The log directory cannot be used, or the system refused a thread or memory.
   */
  NAPI_CONFIGURE_FAILED_TO_INIT = 3,
  /**
   * A client runs already, another argument cannot be used, or the process was made by fork from
   * one that used the library.
   */
  NAPI_CONFIGURE_ERROR = 4,
  /**
   * A fault in the library.
   */
  NAPI_CONFIGURE_IMPOSSIBLE = 5,
};

/**
 * What napiPut returns.
 */
enum NapiPut {
  /**
   * Taken. The answer comes as an update.
   */
  NAPI_PUT_OKAY = 0,
  /**
   * There is no client, or it was terminated.
   */
  NAPI_PUT_NAPI_NOT_RUNNING = 1,
  /**
   * The text is not JSON in UTF-8.
   */
  NAPI_PUT_UNPARSEABLE_JSON = 2,
  /**
   * `json` is NULL, or there is no memory for it.
   */
  NAPI_PUT_ERROR = 3,
  /**
   * A fault in the library.
   */
  NAPI_PUT_IMPOSSIBLE = 4,
};

/**
 * What napiGet returns.
 */
enum NapiGet {
  /**
   * The buffer holds an update.
   */
  NAPI_GET_OKAY = 0,
  /**
   * There is no client, or its end has been told.
   */
  NAPI_GET_NAPI_NOT_RUNNING = 1,
  /**
   * The update needs `*len` bytes, and stays the next one.
   */
  NAPI_GET_BUFFER_TOO_SMALL = 2,
  /**
   * The client was terminated and nothing is left to read.
   */
  NAPI_GET_NAPI_TERMINATED = 3,
  /**
   * `len` is NULL, or `buffer` is NULL although `max` is not 0.
   */
  NAPI_GET_ERROR = 4,
  /**
   * A fault in the library.
   */
  NAPI_GET_IMPOSSIBLE = 5,
};

/**
 * What napiTryGet returns.
 */
enum NapiTryGet {
  /**
   * The buffer holds an update.
   */
  NAPI_TRY_GET_OKAY = 0,
  /**
   * No update is there now; `*len` is 0.
   */
  NAPI_TRY_GET_NOTHING = 1,
  /**
   * There is no client, or its end has been told.
   */
  NAPI_TRY_GET_NAPI_NOT_RUNNING = 2,
  /**
   * The update needs `*len` bytes, and stays the next one.
   */
  NAPI_TRY_GET_BUFFER_TOO_SMALL = 3,
  /**
   * The client was terminated and nothing is left to read.
   */
  NAPI_TRY_GET_NAPI_TERMINATED = 4,
  /**
   * `len` is NULL, or `buffer` is NULL although `max` is not 0.
   */
  NAPI_TRY_GET_ERROR = 5,
  /**
   * A fault in the library.
   */
  NAPI_TRY_GET_IMPOSSIBLE = 6,
};

/**
 * How much napiConfigure lets into nymi_api.log.
 */
enum NapiLog {
  /**
   * No log file.
   */
  NAPI_LOG_NONE = 0,
  /**
   * Errors and warnings.
   */
  NAPI_LOG_NORMAL = 1,
  /**
   * What happened, besides.
   */
  NAPI_LOG_INFO = 2,
  /**
   * How it came about, besides.
   */
  NAPI_LOG_DEBUG = 3,
  /**
   * Everything. Keys, passwords and tokens are never written.
   */
  NAPI_LOG_VERBOSE = 4,
};

/**
 * What the `nymi_` functions return when it is not a status of enum NymiStatus. Those begin at 1000.
 */
enum NymiResult {
  /**
   * Done; the outputs are written.
   */
  NYMI_RESULT_OKAY = 0,
  /**
   * An argument is NULL, not UTF-8, too long or out of its range; the detail names it.
   */
  NYMI_RESULT_BAD_ARGUMENT = 1,
  /**
   * The client was freed, or never was one.
   */
  NYMI_RESULT_BAD_HANDLE = 2,
  /**
   * Nothing came in time.
   */
  NYMI_RESULT_TIMEOUT = 3,
  /**
   * nymi_client_wake ended the wait.
   */
  NYMI_RESULT_INTERRUPTED = 4,
  /**
   * The client was terminated, and nothing is left to read.
   */
  NYMI_RESULT_TERMINATED = 5,
  /**
   * The client gives its updates to a callback.
   */
  NYMI_RESULT_CALLBACK_MODE = 6,
  /**
   * The process was made by fork from one that used the library; use exec, or another process.
   */
  NYMI_RESULT_FORKED = 7,
  /**
   * The log directory cannot be used.
   */
  NYMI_RESULT_LOG_UNUSABLE = 8,
  /**
   * The system refused a thread, a descriptor or another resource.
   */
  NYMI_RESULT_SYSTEM = 9,
  /**
   * Too many clients, or updates that were not read.
   */
  NYMI_RESULT_TOO_MANY = 10,
  /**
   * A struct is from a newer header and asks for something that this library does not have.
   */
  NYMI_RESULT_TOO_NEW = 11,
  /**
   * This system does not have it.
   */
  NYMI_RESULT_UNSUPPORTED = 12,
  /**
   * A fault in the library.
   */
  NYMI_RESULT_FAULT = 13,
  /**
   * There is not enough memory; nothing was done.
   */
  NYMI_RESULT_NO_MEMORY = 14,
};

/**
 * What a band shows.
 */
enum NymiNotification {
  /**
   * Success.
   */
  NYMI_NOTIFICATION_POSITIVE = 0,
  /**
   * Failure.
   */
  NYMI_NOTIFICATION_NEGATIVE = 1,
};

/**
 * What to do with a secret that a band keeps.
 */
enum NymiKeyAction {
  /**
   * Make it.
   */
  NYMI_KEY_ACTION_CREATE = 0,
  /**
   * Use or read it.
   */
  NYMI_KEY_ACTION_GET = 1,
  /**
   * Forget it.
   */
  NYMI_KEY_ACTION_DELETE = 2,
};

/**
 * What an event is about. Numbers are added.
 */
enum NymiEventKind {
  /**
   * Something that this version does not know; see `json`.
   */
  NYMI_EVENT_KIND_OTHER = 0,
  /**
   * A tap; see `tap`.
   */
  NYMI_EVENT_KIND_TAP = 1,
  /**
   * See `presence`.
   */
  NYMI_EVENT_KIND_PRESENCE = 2,
  /**
   * See `endpoint`.
   */
  NYMI_EVENT_KIND_ENDPOINT = 3,
  /**
   * Something failed that no request caused, such as NYMI_STATUS_AGENT_MISSING, or an event cannot
   * be read (NYMI_STATUS_INTERNAL); see `error`.
   */
  NYMI_EVENT_KIND_ERROR = 4,
};

/**
 * A client. Several may be in a process; each has its own connection, name and queue.
 *
 * The pointer is a handle: it leads nowhere, and one that was freed is recognised and refused.
 */
struct NymiClient;

/**
 * How a client is to be. Set it to zeros, then `size`, then what is wanted.
 */
struct NymiClientConfig {
  /**
   * sizeof (struct NymiClientConfig), so that the library knows which fields the program has.
   */
  size_t size;
  /**
   * The application: a letter, then 5 to 17 letters, digits, '.', '_' or '-'.
   */
  const char *nea_name;
  /**
   * The agent's channel socket, such as "ws://127.0.0.1:9120"; NULL for what NYMI_AGENT_URL or
   * /etc/nymi/nes.toml (the registry on Windows) name, else this machine's.
   */
  const char *agent_url;
  /**
   * The folder of certificates and keys; NULL for NYMI_NSL_DIR, else the user's data folder. It is
   * made if it is not there; one that group or others may write is refused.
   */
  const char *store_directory;
  /**
   * An existing directory for nymi_api.log; NULL for no file.
   */
  const char *log_directory;
  /**
   * How much goes into the file: enum NapiLog.
   */
  uint32_t log_level;
  /**
   * How much goes to `on_log`: enum NapiLog.
   */
  uint32_t on_log_level;
  /**
   * Called with each update, instead of nymi_client_get; NULL for none. The update is JSON and
   * belongs to the library: copy what outlives the call. After the last one, when the client was
   * terminated, it is called once with NULL. It must return, and let no exception out.
   */
  void (*on_update)(void *user_data, const char *update);
  /**
   * Called with each line of the log, without its end; NULL for none. It must return, and let no
   * exception out.
   */
  void (*on_log)(void *user_data, uint32_t level, const char *line);
  /**
   * What both are called with.
   */
  void *user_data;
};

/**
 * What went wrong, in words. The library may add fields at the end.
 */
struct NymiError {
  /**
   * What the function returned: enum NymiResult or enum NymiStatus.
   */
  uint32_t code;
  /**
   * With NYMI_STATUS_CERTIFICATES, the number of the certificate error; else 0.
   */
  uint32_t nsl;
  /**
   * What the code means. Never NULL.
   */
  const char *message;
  /**
   * What exactly was wrong this time. Never NULL, may be empty.
   */
  const char *detail;
};

/**
 * What nymi_client_init needs. Set it to zeros, then `size`, then what is known; without anything
 * else the stored certificate of an earlier run is used.
 */
struct NymiInitOptions {
  /**
   * sizeof (struct NymiInitOptions).
   */
  size_t size;
  /**
   * The application, if it is not the `nea_name` of the client's config.
   */
  const char *nea_name;
  /**
   * The server, such as `https://nes.example.com/nes`.
   */
  const char *nes_url;
  /**
   * Who asks the server for the certificate, `DOMAIN\user` or `user@domain`.
   */
  const char *username;
  /**
   * Its password.
   */
  const char *password;
  /**
   * A session token of the server, instead of user and password.
   */
  const char *token;
  /**
   * The enterprise's root certificate, PEM or a file's path.
   */
  const char *l1;
  /**
   * The grade that certificates must have, "gold" or "bronze"; NULL for gold.
   */
  const char *grade;
  /**
   * The agent, if not the client's.
   */
  const char *agent_url;
};

/**
 * How an operation is called; NULL in its place means the defaults.
 */
struct NymiCall {
  /**
   * sizeof (struct NymiCall).
   */
  size_t size;
  /**
   * How long to wait for the answer, at most 120000; 0 for 15000. A call returns at most a quarter of a
   * second later, in which the agent may say what it waited for.
   */
  uint32_t timeout_ms;
  /**
   * A name by which nymi_client_cancel finds this call; no two in flight may have the same. NULL
   * for none.
   */
  const char *exchange;
};

/**
 * What nymi_client_init answers. The library may add fields at the end.
 */
struct NymiInit {
  /**
   * The application.
   */
  const char *nea_name;
  /**
   * The agent's URL, or NULL.
   */
  const char *agent;
  /**
   * The server's URL, or NULL.
   */
  const char *nes;
  /**
   * The serial number of the application's certificate in hex, or NULL.
   */
  const char *certificate_serial;
  /**
   * Until when it is valid, RFC 3339 in UTC, or NULL.
   */
  const char *certificate_not_after;
  /**
   * The same in milliseconds since 1970, or 0.
   */
  int64_t certificate_not_after_ms;
};

/**
 * A terminal. The library may add fields at the end.
 */
struct NymiEndpoint {
  /**
   * Its stable id, as taps and presence name it.
   */
  const char *endpoint_id;
};

/**
 * Whom nymi_client_lookup looks for: every value that is not NULL must match, and one must be there.
 */
struct NymiLookupQuery {
  /**
   * sizeof (struct NymiLookupQuery).
   */
  size_t size;
  /**
   * The user's name.
   */
  const char *username;
  /**
   * The user's domain.
   */
  const char *domain;
  /**
   * The band's NymiBandID.
   */
  const char *band;
  /**
   * What NFC readers see of the band.
   */
  const char *nfc_uid;
  /**
   * What is printed on the band.
   */
  const char *serial_number;
};

/**
 * A user and a band. A text that the server does not have is NULL. The library may add fields at
 * the end.
 */
struct NymiMatch {
  /**
   * The user's name.
   */
  const char *username;
  /**
   * The user's domain.
   */
  const char *domain;
  /**
   * The NymiBandID.
   */
  const char *band;
  /**
   * What NFC readers see of the band.
   */
  const char *nfc_uid;
  /**
   * What is printed on the band.
   */
  const char *serial_number;
  /**
   * What the band shows.
   */
  const char *band_label;
  /**
   * As the band reported it.
   */
  const char *firmware_version;
  /**
   * As the band reported it.
   */
  const char *hardware_version;
  /**
   * The band's identity key, SubjectPublicKeyInfo, as the server has it.
   */
  const char *identity_public_key;
  /**
   * Whether the band may be used.
   */
  bool is_active;
  /**
   * Whether it is the user's own band and no temporary one.
   */
  bool is_primary;
};

/**
 * What nymi_client_lookup found. The library may add fields at the end.
 */
struct NymiLookup {
  /**
   * How many; at least one.
   */
  size_t count;
  /**
   * Where each is.
   */
  const struct NymiMatch *const *matches;
};

/**
 * What nymi_client_assert asks for. Set it to zeros, then `size`, then what is wanted.
 */
struct NymiAssertOptions {
  /**
   * sizeof (struct NymiAssertOptions).
   */
  size_t size;
  /**
   * The band, as the tap named it.
   */
  const char *band;
  /**
   * The intent of the tap, at most 60 s old and good for one assertion; needed with a document or
   * meaning. NULL to ask only who wears the band.
   */
  const char *intent_id;
  /**
   * The SHA-256 of the document that is signed, 32 bytes; NULL for none.
   */
  const uint8_t *document_sha256;
  /**
   * What the signature means, such as "approved"; NULL for nothing.
   */
  const char *meaning;
  /**
   * Who the assertion is for; NULL for this application.
   */
  const char *audience;
  /**
   * Comes back in the assertion, against replay; NULL for none.
   */
  const char *nonce;
};

/**
 * Who wears a band, verified by the server. The library may add fields at the end.
 */
struct NymiAssertion {
  /**
   * The user's name.
   */
  const char *username;
  /**
   * The user's domain.
   */
  const char *domain;
  /**
   * The NymiBandID.
   */
  const char *band;
  /**
   * "ble" or "nfc+ble".
   */
  const char *method;
  /**
   * When the server verified it, RFC 3339 in UTC.
   */
  const char *verified_at;
  /**
   * The same in milliseconds since 1970.
   */
  int64_t verified_at_ms;
  /**
   * The signed assertion, a JWS in compact form: what to keep with the record.
   */
  const char *assertion;
};

/**
 * Whether a user's account is good. The library may add fields at the end.
 */
struct NymiUserStatus {
  /**
   * The status of the account, such as "active".
   */
  const char *status;
  /**
   * When the directory was asked, RFC 3339 in UTC.
   */
  const char *checked_at;
  /**
   * The same in milliseconds since 1970.
   */
  int64_t checked_at_ms;
  /**
   * Whether the server had it still from before.
   */
  bool cached;
};

/**
 * A Bluetooth adapter or an NFC reader of a terminal. The library may add fields at the end.
 */
struct NymiHardware {
  /**
   * Its id at the terminal, such as the port; a reader's name.
   */
  const char *id;
  /**
   * What an adapter is, such as "virtual"; NULL for a reader.
   */
  const char *kind;
  /**
   * "ready", "missing" or "failed".
   */
  const char *state;
  /**
   * Why an adapter does not work, or NULL.
   */
  const char *detail;
};

/**
 * A terminal, and what it has. The library may add fields at the end.
 */
struct NymiEndpointInfo {
  /**
   * Its stable id, as taps and presence name it.
   */
  const char *endpoint_id;
  /**
   * Its host name, or NULL.
   */
  const char *hostname;
  /**
   * How many addresses it has.
   */
  size_t address_count;
  /**
   * Each, that from which it connects included.
   */
  const char *const *addresses;
  /**
   * How many Bluetooth adapters it has.
   */
  size_t adapter_count;
  /**
   * Where each is.
   */
  const struct NymiHardware *const *adapters;
  /**
   * How many NFC readers it has.
   */
  size_t reader_count;
  /**
   * Where each is.
   */
  const struct NymiHardware *const *readers;
  /**
   * Whether the agent has it and an adapter of it works.
   */
  bool ready;
};

/**
 * A band came, went or changed: a hint, until an assertion verifies. The library may add fields at
 * the end.
 */
struct NymiPresence {
  /**
   * The terminal that hears the band.
   */
  const char *endpoint_id;
  /**
   * The NymiBandID.
   */
  const char *band;
  /**
   * The state that it left: "yes", "likely", "unlikely" or "no".
   */
  const char *before;
  /**
   * The state that it is in.
   */
  const char *after;
  /**
   * How near it is, or NULL.
   */
  const char *proximity;
  /**
   * Smoothed signal strength in dBm; 0 if it is not known.
   */
  int32_t rssi_dbm;
  /**
   * Whether the wearer has authenticated, as the band says.
   */
  bool authenticated;
  /**
   * Whether it is worn, as the band says.
   */
  bool worn;
};

/**
 * What nymi_client_info answers. The library may add fields at the end.
 */
struct NymiInfo {
  /**
   * The version of the library.
   */
  const char *version;
  /**
   * The agent's URL while the client is connected to it, or NULL.
   */
  const char *agent;
  /**
   * The server's URL, or NULL.
   */
  const char *nes;
  /**
   * The serial number of the application's certificate in hex; NULL before nymi_client_init.
   */
  const char *certificate_serial;
  /**
   * Until when it is valid, RFC 3339 in UTC, or NULL.
   */
  const char *certificate_not_after;
  /**
   * The same in milliseconds since 1970, or 0.
   */
  int64_t certificate_not_after_ms;
  /**
   * How many terminals the agent has.
   */
  size_t endpoint_count;
  /**
   * Where each is.
   */
  const struct NymiEndpointInfo *const *endpoints;
  /**
   * How many bands are heard at the terminals that this client is subscribed to; at all of them
   * while it is subscribed to none.
   */
  size_t band_count;
  /**
   * Where each is.
   */
  const struct NymiPresence *const *bands;
};

/**
 * What nymi_client_list_endpoints answers. The library may add fields at the end.
 */
struct NymiEndpoints {
  /**
   * How many; may be 0.
   */
  size_t count;
  /**
   * Where each is, in the order in which they came to the agent.
   */
  const struct NymiEndpointInfo *const *endpoints;
};

/**
 * Random bytes. The library may add fields at the end.
 */
struct NymiRandom {
  /**
   * The bytes.
   */
  const uint8_t *bytes;
  /**
   * How many.
   */
  size_t size;
};

/**
 * A signature with a band's key. The library may add fields at the end.
 */
struct NymiSignature {
  /**
   * ECDSA on P-256: r and s, 32 bytes each.
   */
  const uint8_t *signature;
  /**
   * How many bytes.
   */
  size_t signature_size;
  /**
   * The band's public key for this application, SubjectPublicKeyInfo in DER.
   */
  const uint8_t *public_key;
  /**
   * How many bytes.
   */
  size_t public_key_size;
};

/**
 * A key that a band keeps. The library may add fields at the end.
 */
struct NymiKey {
  /**
   * Names the key.
   */
  const char *key_id;
  /**
   * The key; NULL after NYMI_KEY_ACTION_DELETE.
   */
  const uint8_t *key;
  /**
   * How many bytes: 32, or 0.
   */
  size_t key_size;
};

/**
 * A one-time password. The library may add fields at the end.
 */
struct NymiTotp {
  /**
   * The present password; NULL after NYMI_KEY_ACTION_DELETE.
   */
  const char *totp;
  /**
   * After NYMI_KEY_ACTION_CREATE the secret as an otpauth URI, for whoever checks passwords; else
   * NULL.
   */
  const char *otpauth;
};

/**
 * The versions of a band. The library may add fields at the end.
 */
struct NymiFirmware {
  /**
   * The firmware.
   */
  const char *firmware_version;
  /**
   * The hardware.
   */
  const char *hardware_version;
};

/**
 * A tap: someone means to do something. The library may add fields at the end.
 */
struct NymiTap {
  /**
   * The terminal.
   */
  const char *endpoint_id;
  /**
   * The NymiBandID.
   */
  const char *band;
  /**
   * What the reader saw of the band, for a tap by NFC; else NULL.
   */
  const char *nfc_uid;
  /**
   * "ble" or "nfc".
   */
  const char *method;
  /**
   * Names the intent in nymi_client_assert.
   */
  const char *intent_id;
  /**
   * When the agent heard of it, RFC 3339 in UTC.
   */
  const char *at;
  /**
   * The same in milliseconds since 1970.
   */
  int64_t at_ms;
};

/**
 * A terminal changed. The library may add fields at the end.
 */
struct NymiEndpointChange {
  /**
   * The terminal.
   */
  const char *endpoint_id;
  /**
   * "ble_ready", "ble_lost", "nfc_ready", "nfc_lost", "gone" or "back".
   */
  const char *change;
};

/**
 * An event. Of the pointers to structs the one of its kind is set. The library may add fields at the
 * end.
 */
struct NymiEvent {
  /**
   * enum NymiEventKind.
   */
  uint32_t kind;
  /**
   * The update as it came.
   */
  const char *json;
  /**
   * A tap, or NULL.
   */
  const struct NymiTap *tap;
  /**
   * What a band's presence is now, or NULL.
   */
  const struct NymiPresence *presence;
  /**
   * What changed at a terminal, or NULL.
   */
  const struct NymiEndpointChange *endpoint;
  /**
   * What failed, or NULL.
   */
  const struct NymiError *error;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Starts a client. It connects to the Nymi Agent in the background.
 *
 * config  how it is to be; `size` and `nea_name` must be set
 * client  receives the client
 * error   receives what went wrong, if it is not NULL
 *
 * Succeeds also while no agent can be reached: then an update with status 4000 comes, and the client
 * goes on trying.
 *
 * With `on_update` or `on_log` the client has a second thread, "nymi-callback", on which both are
 * called, one call at a time; the signals of the process are blocked there. A callback may call every
 * function of this library with this or another client, nymi_client_free included. It must return:
 * an exception that leaves it, pthread_exit or a cancellation of its thread end the process, and what
 * longjmp out of it does is undefined. It holds up the next one while it runs. Lines of the log that find 1024 others
 * waiting are dropped, and their number is told.
 *
 * Ownership: free the client with nymi_client_free; nothing is kept of `config` but `user_data`,
 * which must live until nymi_client_free has returned. Threads: any.
 * Errors: NYMI_RESULT_BAD_ARGUMENT, NYMI_RESULT_LOG_UNUSABLE, NYMI_RESULT_SYSTEM,
 * NYMI_RESULT_TOO_MANY beyond 4096 clients, NYMI_RESULT_TOO_NEW, NYMI_RESULT_NO_MEMORY.
 *
 * Example:
 *
 *     struct NymiClientConfig config = {.size = sizeof config, .nea_name = "Records"};
 *     struct NymiClient *client;
 *     struct NymiError *error;
 *     if (nymi_client_new(&config, &client, &error) != NYMI_RESULT_OKAY) {
 *       fprintf(stderr, "%s %s\n", error->message, error->detail);
 *       nymi_error_free(error);
 *     }
 */
uint32_t nymi_client_new(const struct NymiClientConfig *config,
                         struct NymiClient **client,
                         struct NymiError **error);

/**
 * Ends a client within a second, whatever is in flight. Its handle stays until nymi_client_free.
 *
 * Requests that wait for their answer get an update with status 1007, every call that waits is
 * woken, and what is queued can still be read or is given to the callback. Again is harmless.
 *
 * Ownership: the client is still the caller's to free. Threads: any, callbacks included.
 * Errors: NYMI_RESULT_BAD_HANDLE.
 *
 * Example:
 *
 *     nymi_client_terminate(client);
 */
uint32_t nymi_client_terminate(struct NymiClient *client);

/**
 * Terminates a client and frees it. What was not read by then is dropped.
 *
 * Calls of other threads that wait in it return NYMI_RESULT_TERMINATED. When this returns, no
 * callback of this client runs any more, so it waits for one that runs; do not hold a lock that a
 * callback wants. From a callback of the same client it returns at once, and that call is the last.
 * Of two callbacks that free each other's client, the one that comes second does not wait.
 *
 * Ownership: the client is gone; its handle means nothing from now on, and its descriptor is
 * closed. Threads: any, callbacks included. Errors: NYMI_RESULT_BAD_HANDLE for a client that was
 * freed before; NULL is allowed.
 *
 * Example:
 *
 *     nymi_client_free(client);
 */
uint32_t nymi_client_free(struct NymiClient *client);

/**
 * Sends a request as JSON. Only its syntax is checked here; everything else is told by the update
 * that answers it.
 *
 * json  a request in UTF-8, such as {"operation":"info","exchange":"1"}
 *
 * Ownership: nothing is kept of `json`. Threads: any; never waits for the network.
 * Errors: NYMI_RESULT_BAD_ARGUMENT if it is not JSON in UTF-8 or longer than 1 MiB,
 * NYMI_RESULT_TOO_MANY while 16384 updates or 16 MiB of them wait to be read, until half of them were
 * read, NYMI_RESULT_BAD_HANDLE, NYMI_RESULT_TERMINATED, NYMI_RESULT_NO_MEMORY.
 *
 * Example:
 *
 *     nymi_client_put(client, "{\"operation\":\"info\",\"exchange\":\"1\"}", NULL);
 */
uint32_t nymi_client_put(struct NymiClient *client,
                         const char *json,
                         struct NymiError **error);

/**
 * Waits for the next update and gives it as JSON.
 *
 * timeout_ms  how long to wait; 0 does not, NYMI_FOREVER without end
 * update      receives the update
 *
 * Ownership: free the update with nymi_string_free. Threads: any, several at once; each update goes
 * to one of them. Errors: NYMI_RESULT_TIMEOUT, NYMI_RESULT_INTERRUPTED by nymi_client_wake,
 * NYMI_RESULT_TERMINATED once nothing is left, NYMI_RESULT_CALLBACK_MODE, NYMI_RESULT_BAD_HANDLE,
 * NYMI_RESULT_BAD_ARGUMENT, NYMI_RESULT_NO_MEMORY.
 *
 * Example:
 *
 *     char *update;
 *     while (nymi_client_get(client, NYMI_FOREVER, &update, NULL) == NYMI_RESULT_OKAY) {
 *       puts(update);
 *       nymi_string_free(update);
 *     }
 */
uint32_t nymi_client_get(struct NymiClient *client,
                         uint32_t timeout_ms,
                         char **update,
                         struct NymiError **error);

/**
 * Ends every wait of a client now: calls that wait, on whichever thread, return
 * NYMI_RESULT_INTERRUPTED, and requests that they waited for are given up. If nobody waits, the next
 * call that would wait for an update, tap or event returns so at once.
 *
 * Ownership: none. Threads: any. Errors: NYMI_RESULT_BAD_HANDLE.
 *
 * Example:
 *
 *     stop = 1;
 *     nymi_client_wake(client);
 */
uint32_t nymi_client_wake(struct NymiClient *client);

/**
 * A file descriptor that can be read while there are updates, and after the end: for poll, select
 * or epoll, level-triggered. When it can be, call nymi_client_get, nymi_client_wait_event or
 * nymi_client_wait_tap with timeout 0 until NYMI_RESULT_TIMEOUT. Answers to nymi_client_put keep it
 * readable until nymi_client_get takes them. On Windows it is an event instead, which is set as long:
 * (HANDLE)(intptr_t)descriptor, for WaitForMultipleObjects and its relatives.
 *
 * descriptor  receives it
 *
 * Ownership: it belongs to the library, which closes it in nymi_client_free; do not read, write, reset
 * or close it. Threads: any. Errors: NYMI_RESULT_CALLBACK_MODE, NYMI_RESULT_SYSTEM,
 * NYMI_RESULT_UNSUPPORTED on systems that have neither, NYMI_RESULT_BAD_HANDLE,
 * NYMI_RESULT_BAD_ARGUMENT.
 *
 * Example:
 *
 *     struct pollfd poll_for = {.events = POLLIN};
 *     nymi_client_descriptor(client, &poll_for.fd, NULL);
 */
uint32_t nymi_client_descriptor(struct NymiClient *client,
                                int *descriptor,
                                struct NymiError **error);

/**
 * Frees a text that the library gave to keep.
 *
 * Ownership: it is wiped and gone. NULL, and a text that was freed before, are ignored. Threads:
 * any. Errors: none.
 *
 * Example:
 *
 *     nymi_string_free(update);
 */
void nymi_string_free(char *text);

/**
 * Obtains or finds the application's certificate and makes it known to the agent. The first call;
 * all others but nymi_client_get and its like need its success.
 *
 * options  what is known; NULL for nothing
 * call     timeout and name of this call, or NULL
 * init     receives the answer, if it is not NULL
 * error    receives what went wrong, if it is not NULL
 *
 * Ownership: free the answer with nymi_init_free; nothing is kept of the arguments. Threads: any;
 * waits for the answer. Errors: NYMI_STATUS_CERTIFICATES (nsl in the error), NYMI_STATUS_NES_..., and
 * those of enum NymiResult.
 *
 * Example:
 *
 *     struct NymiInitOptions options = {.size = sizeof options, .nes_url = "https://nes.example.com/nes",
 *                                       .username = "CORP\\alice", .password = password,
 *                                       .l1 = "/etc/nymi/l1.pem"};
 *     struct NymiInit *init;
 *     uint32_t result = nymi_client_init(client, &options, NULL, &init, &error);
 */
uint32_t nymi_client_init(struct NymiClient *client,
                          const struct NymiInitOptions *options,
                          const struct NymiCall *call,
                          struct NymiInit **init,
                          struct NymiError **error);

/**
 * Frees what nymi_client_init gave.
 *
 * Ownership: it and its texts are gone. NULL, and what was freed before, are ignored. Threads: any.
 * Errors: none.
 *
 * Example:
 *
 *     nymi_init_free(init);
 */
void nymi_init_free(struct NymiInit *init);

/**
 * Listens to a terminal from now on: its taps, the bands that come and go, its radio. The client
 * asks for it again by itself after the agent was away.
 *
 * Until the agent was there once, this call waits for it, at most its timeout. What failed with
 * NYMI_STATUS_AGENT_MISSING is subscribed to once the agent is there.
 *
 * named     its id, host name or an address; "127.0.0.1" is this machine's
 * call      timeout and name of this call, or NULL
 * endpoint  receives its stable id, if it is not NULL
 *
 * Ownership: free the answer with nymi_endpoint_free. Threads: any; waits for the answer.
 * Errors: NYMI_STATUS_ENDPOINT_MISSING, NYMI_STATUS_AGENT_MISSING, NYMI_STATUS_NOT_INITIALISED, and
 * those of enum NymiResult.
 *
 * Example:
 *
 *     struct NymiEndpoint *endpoint;
 *     result = nymi_client_subscribe(client, "127.0.0.1", NULL, &endpoint, &error);
 */
uint32_t nymi_client_subscribe(struct NymiClient *client,
                               const char *named,
                               const struct NymiCall *call,
                               struct NymiEndpoint **endpoint,
                               struct NymiError **error);

/**
 * Frees what nymi_client_subscribe gave.
 *
 * Ownership: it and its text are gone. NULL, and what was freed before, are ignored. Threads: any.
 * Errors: none.
 *
 * Example:
 *
 *     nymi_endpoint_free(endpoint);
 */
void nymi_endpoint_free(struct NymiEndpoint *endpoint);

/**
 * Listens to a terminal no longer.
 *
 * named  as in nymi_client_subscribe
 * call   timeout and name of this call, or NULL
 *
 * Ownership: nothing is kept. Threads: any; waits for the answer. Errors: as for
 * nymi_client_subscribe.
 *
 * Example:
 *
 *     nymi_client_unsubscribe(client, "127.0.0.1", NULL, NULL);
 */
uint32_t nymi_client_unsubscribe(struct NymiClient *client,
                                 const char *named,
                                 const struct NymiCall *call,
                                 struct NymiError **error);

/**
 * Gives up a request in flight: the call that waits for it returns NYMI_STATUS_CANCELLED, or the
 * update that answers it has that status.
 *
 * exchange  of the request, or of the `struct NymiCall`
 *
 * Ownership: nothing is kept. Threads: any. Errors: NYMI_STATUS_INVALID_FIELD if none of that name is
 * in flight, and those of enum NymiResult.
 *
 * Example:
 *
 *     nymi_client_cancel(client, "signature", NULL);
 */
uint32_t nymi_client_cancel(struct NymiClient *client,
                            const char *exchange,
                            struct NymiError **error);

/**
 * Whose band this is, or which band a user has: every user and band that match.
 *
 * query   what is known
 * call    timeout and name of this call, or NULL
 * lookup  receives what was found
 *
 * Ownership: free the answer with nymi_lookup_free. Threads: any; waits for the answer.
 * Errors: NYMI_STATUS_NOT_FOUND, NYMI_STATUS_INVALID_FIELD, NYMI_STATUS_MISSING_FIELD for an empty
 * query, NYMI_STATUS_NES_..., and those of enum NymiResult.
 *
 * Example:
 *
 *     struct NymiLookupQuery query = {.size = sizeof query, .band = tap->band};
 *     struct NymiLookup *lookup;
 *     if (nymi_client_lookup(client, &query, NULL, &lookup, &error) == NYMI_RESULT_OKAY) {
 *       puts(lookup->matches[0]->username);
 *       nymi_lookup_free(lookup);
 *     }
 */
uint32_t nymi_client_lookup(struct NymiClient *client,
                            const struct NymiLookupQuery *query,
                            const struct NymiCall *call,
                            struct NymiLookup **lookup,
                            struct NymiError **error);

/**
 * Frees what nymi_client_lookup gave.
 *
 * Ownership: it, its matches and their texts are gone. NULL, and what was freed before, are ignored.
 * Threads: any. Errors: none.
 *
 * Example:
 *
 *     nymi_lookup_free(lookup);
 */
void nymi_lookup_free(struct NymiLookup *lookup);

/**
 * Has the server verify who wears a band, and sign it: a log-in, or with `document_sha256` the
 * signature of a document.
 *
 * options    which band, and what is signed
 * call       timeout and name of this call, or NULL
 * assertion  receives the answer
 *
 * Ownership: free the answer with nymi_assertion_free. Threads: any; waits for the answer.
 * Errors: NYMI_STATUS_PAC_..., NYMI_STATUS_BAND_..., NYMI_STATUS_INVALID_FIELD, and those of enum
 * NymiResult.
 *
 * Example:
 *
 *     struct NymiAssertOptions options = {.size = sizeof options, .band = tap->band,
 *                                         .intent_id = tap->intent_id, .document_sha256 = digest,
 *                                         .meaning = "approved"};
 *     struct NymiAssertion *assertion;
 *     result = nymi_client_assert(client, &options, NULL, &assertion, &error);
 */
uint32_t nymi_client_assert(struct NymiClient *client,
                            const struct NymiAssertOptions *options,
                            const struct NymiCall *call,
                            struct NymiAssertion **assertion,
                            struct NymiError **error);

/**
 * Frees what nymi_client_assert gave.
 *
 * Ownership: it and its texts are gone. NULL, and what was freed before, are ignored. Threads: any.
 * Errors: none.
 *
 * Example:
 *
 *     nymi_assertion_free(assertion);
 */
void nymi_assertion_free(struct NymiAssertion *assertion);

/**
 * Asks whether a user's account is good. The server answers only if its policy enables Check User
 * Status; that of `nymi up` does not.
 *
 * username, domain  the user
 * call              timeout and name of this call, or NULL
 * status            receives the answer
 *
 * Ownership: free the answer with nymi_user_status_free. Threads: any; waits for the answer.
 * Errors: NYMI_STATUS_FORBIDDEN_BY_POLICY while the policy is off, NYMI_STATUS_USER_NOT_FOUND,
 * NYMI_STATUS_NES_..., and those of enum NymiResult.
 *
 * Example:
 *
 *     struct NymiUserStatus *status;
 *     result = nymi_client_user_status(client, "alice", "CORP", NULL, &status, &error);
 */
uint32_t nymi_client_user_status(struct NymiClient *client,
                                 const char *username,
                                 const char *domain,
                                 const struct NymiCall *call,
                                 struct NymiUserStatus **status,
                                 struct NymiError **error);

/**
 * Frees what nymi_client_user_status gave.
 *
 * Ownership: it and its texts are gone. NULL, and what was freed before, are ignored. Threads: any.
 * Errors: none.
 *
 * Example:
 *
 *     nymi_user_status_free(status);
 */
void nymi_user_status_free(struct NymiUserStatus *status);

/**
 * What the client has: its agent, server and certificate, and the terminals and bands that the agent
 * knows. Works before nymi_client_init and without an agent, with less in the answer.
 *
 * call   timeout and name of this call, or NULL
 * info   receives the answer
 * error  receives what went wrong, if it is not NULL
 *
 * Ownership: free the answer with nymi_info_free. Threads: any; waits for the answer. Errors:
 * NYMI_STATUS_AGENT_OVERLOADED if the agent is connected and does not answer, and those of enum
 * NymiResult.
 *
 * Example:
 *
 *     struct NymiInfo *info;
 *     if (nymi_client_info(client, NULL, &info, &error) == NYMI_RESULT_OKAY) {
 *       printf("agent: %s\n", info->agent != NULL ? info->agent : "none");
 *       nymi_info_free(info);
 *     }
 */
uint32_t nymi_client_info(struct NymiClient *client,
                          const struct NymiCall *call,
                          struct NymiInfo **info,
                          struct NymiError **error);

/**
 * Frees what nymi_client_info gave.
 *
 * Ownership: it and all that it leads to are gone. NULL, and what was freed before, are ignored.
 * Threads: any. Errors: none.
 *
 * Example:
 *
 *     nymi_info_free(info);
 */
void nymi_info_free(struct NymiInfo *info);

/**
 * The terminals that the agent has, to choose one for nymi_client_subscribe.
 *
 * call       timeout and name of this call, or NULL
 * endpoints  receives the answer
 * error      receives what went wrong, if it is not NULL
 *
 * Ownership: free the answer with nymi_endpoints_free. Threads: any; waits for the answer. Errors:
 * NYMI_STATUS_AGENT_MISSING, NYMI_STATUS_NOT_INITIALISED, and those of enum NymiResult.
 *
 * Example:
 *
 *     struct NymiEndpoints *endpoints;
 *     if (nymi_client_list_endpoints(client, NULL, &endpoints, &error) == NYMI_RESULT_OKAY) {
 *       for (size_t i = 0; i < endpoints->count; i++) {
 *         puts(endpoints->endpoints[i]->endpoint_id);
 *       }
 *       nymi_endpoints_free(endpoints);
 *     }
 */
uint32_t nymi_client_list_endpoints(struct NymiClient *client,
                                    const struct NymiCall *call,
                                    struct NymiEndpoints **endpoints,
                                    struct NymiError **error);

/**
 * Frees what nymi_client_list_endpoints gave.
 *
 * Ownership: it and all that it leads to are gone. NULL, and what was freed before, are ignored.
 * Threads: any. Errors: none.
 *
 * Example:
 *
 *     nymi_endpoints_free(endpoints);
 */
void nymi_endpoints_free(struct NymiEndpoints *endpoints);

/**
 * Has a band vibrate and show a sign.
 *
 * band          its NymiBandID
 * notification  enum NymiNotification
 * call          timeout and name of this call, or NULL
 *
 * Ownership: nothing is kept. Threads: any; waits until the band has done it.
 * Errors: NYMI_STATUS_BAND_..., NYMI_STATUS_TIMEOUT_BAND, and those of enum NymiResult.
 *
 * Example:
 *
 *     nymi_client_notify(client, tap->band, NYMI_NOTIFICATION_POSITIVE, NULL, NULL);
 */
uint32_t nymi_client_notify(struct NymiClient *client,
                            const char *band,
                            uint32_t notification,
                            const struct NymiCall *call,
                            struct NymiError **error);

/**
 * Random bytes from a band.
 *
 * band    its NymiBandID
 * size    how many, 1 to 64
 * call    timeout and name of this call, or NULL
 * random  receives them
 *
 * Ownership: free the answer with nymi_random_free. Threads: any; waits for the answer.
 * Errors: NYMI_STATUS_BAND_..., NYMI_STATUS_INVALID_FIELD, and those of enum NymiResult.
 *
 * Example:
 *
 *     struct NymiRandom *random;
 *     result = nymi_client_random(client, tap->band, 32, NULL, &random, &error);
 */
uint32_t nymi_client_random(struct NymiClient *client,
                            const char *band,
                            uint32_t size,
                            const struct NymiCall *call,
                            struct NymiRandom **random,
                            struct NymiError **error);

/**
 * Frees what nymi_client_random gave.
 *
 * Ownership: the bytes are wiped and gone. NULL, and what was freed before, are ignored. Threads:
 * any. Errors: none.
 *
 * Example:
 *
 *     nymi_random_free(random);
 */
void nymi_random_free(struct NymiRandom *random);

/**
 * Has a band sign a digest with the key that it made for this application.
 *
 * band       its NymiBandID
 * sha256     the digest, 32 bytes
 * call       timeout and name of this call, or NULL
 * signature  receives signature and key
 *
 * Ownership: free the answer with nymi_signature_free. Threads: any; waits for the answer.
 * Errors: NYMI_STATUS_BAND_..., NYMI_STATUS_KEY_NOT_FOUND, and those of enum NymiResult.
 *
 * Example:
 *
 *     struct NymiSignature *signature;
 *     result = nymi_client_sign(client, tap->band, digest, NULL, &signature, &error);
 */
uint32_t nymi_client_sign(struct NymiClient *client,
                          const char *band,
                          const uint8_t *sha256,
                          const struct NymiCall *call,
                          struct NymiSignature **signature,
                          struct NymiError **error);

/**
 * Frees what nymi_client_sign gave.
 *
 * Ownership: it and its bytes are gone. NULL, and what was freed before, are ignored. Threads: any.
 * Errors: none.
 *
 * Example:
 *
 *     nymi_signature_free(signature);
 */
void nymi_signature_free(struct NymiSignature *signature);

/**
 * Makes, reads or deletes a symmetric key that a band keeps for this application.
 *
 * A band has room for few, a virtual one for 32: its registrations with servers share it with the keys
 * of all applications, those for signatures and one-time passwords included. A full band answers
 * NYMI_STATUS_BAND_MEMORY; deleting a key gives room back.
 *
 * band    its NymiBandID
 * action  enum NymiKeyAction
 * key_id  which key, a UUID; NULL with NYMI_KEY_ACTION_CREATE to have one chosen
 * call    timeout and name of this call, or NULL
 * key     receives it
 *
 * Ownership: free the answer with nymi_key_free, which wipes it. Threads: any; waits for the answer.
 * Errors: NYMI_STATUS_KEY_NOT_FOUND, NYMI_STATUS_BAND_MEMORY, NYMI_STATUS_BAND_..., and those of enum
 * NymiResult.
 *
 * Example:
 *
 *     struct NymiKey *key;
 *     result = nymi_client_symmetric_key(client, tap->band, NYMI_KEY_ACTION_CREATE, NULL, NULL, &key,
 *                                        &error);
 */
uint32_t nymi_client_symmetric_key(struct NymiClient *client,
                                   const char *band,
                                   uint32_t action,
                                   const char *key_id,
                                   const struct NymiCall *call,
                                   struct NymiKey **key,
                                   struct NymiError **error);

/**
 * Frees what nymi_client_symmetric_key gave.
 *
 * Ownership: the key is wiped and gone. NULL, and what was freed before, are ignored. Threads: any.
 * Errors: none.
 *
 * Example:
 *
 *     nymi_key_free(key);
 */
void nymi_key_free(struct NymiKey *key);

/**
 * Makes or deletes the secret of one-time passwords (RFC 6238) on a band, or gets a password.
 *
 * band    its NymiBandID
 * action  enum NymiKeyAction
 * call    timeout and name of this call, or NULL
 * totp    receives the password
 *
 * Ownership: free the answer with nymi_totp_free, which wipes it. Threads: any; waits for the
 * answer. Errors: NYMI_STATUS_KEY_NOT_FOUND, NYMI_STATUS_BAND_..., and those of enum NymiResult.
 *
 * Example:
 *
 *     struct NymiTotp *totp;
 *     result = nymi_client_totp(client, tap->band, NYMI_KEY_ACTION_GET, NULL, &totp, &error);
 */
uint32_t nymi_client_totp(struct NymiClient *client,
                          const char *band,
                          uint32_t action,
                          const struct NymiCall *call,
                          struct NymiTotp **totp,
                          struct NymiError **error);

/**
 * Frees what nymi_client_totp gave.
 *
 * Ownership: its texts are wiped and gone. NULL, and what was freed before, are ignored. Threads:
 * any. Errors: none.
 *
 * Example:
 *
 *     nymi_totp_free(totp);
 */
void nymi_totp_free(struct NymiTotp *totp);

/**
 * Asks a band for its versions, in any state of the band.
 *
 * band      its NymiBandID
 * call      timeout and name of this call, or NULL
 * firmware  receives them
 *
 * Ownership: free the answer with nymi_firmware_free. Threads: any; waits for the answer.
 * Errors: NYMI_STATUS_BAND_NOT_PRESENT, NYMI_STATUS_TIMEOUT_BAND, and those of enum NymiResult.
 *
 * Example:
 *
 *     struct NymiFirmware *firmware;
 *     result = nymi_client_firmware(client, tap->band, NULL, &firmware, &error);
 */
uint32_t nymi_client_firmware(struct NymiClient *client,
                              const char *band,
                              const struct NymiCall *call,
                              struct NymiFirmware **firmware,
                              struct NymiError **error);

/**
 * Frees what nymi_client_firmware gave.
 *
 * Ownership: it and its texts are gone. NULL, and what was freed before, are ignored. Threads: any.
 * Errors: none.
 *
 * Example:
 *
 *     nymi_firmware_free(firmware);
 */
void nymi_firmware_free(struct NymiFirmware *firmware);

/**
 * Waits for the next tap at a terminal that nymi_client_subscribe listens to.
 *
 * timeout_ms  how long to wait; 0 does not, NYMI_FOREVER without end
 * tap         receives the tap
 * error       receives what went wrong, if it is not NULL
 *
 * What fails in the meantime without having been asked for is returned, such as
 * NYMI_STATUS_AGENT_MISSING when the agent went away; the client goes on by itself, so wait again.
 * Presence and changes of terminals that came before the tap are dropped, answers to nymi_client_put
 * are left to nymi_client_get. To hear of all events, use nymi_client_wait_event.
 *
 * Ownership: free the tap with nymi_tap_free. Threads: any, several at once; each tap goes to one of
 * them. Errors: as for nymi_client_get, and NYMI_STATUS_... of a failure.
 *
 * Example:
 *
 *     struct NymiTap *tap;
 *     if (nymi_client_wait_tap(client, 30000, &tap, NULL) == NYMI_RESULT_OKAY) {
 *       printf("%s at %s\n", tap->band, tap->endpoint_id);
 *       nymi_tap_free(tap);
 *     }
 */
uint32_t nymi_client_wait_tap(struct NymiClient *client,
                              uint32_t timeout_ms,
                              struct NymiTap **tap,
                              struct NymiError **error);

/**
 * Frees a tap.
 *
 * Ownership: it and its texts are gone. NULL, and what was freed before, are ignored. Threads: any.
 * Errors: none.
 *
 * Example:
 *
 *     nymi_tap_free(tap);
 */
void nymi_tap_free(struct NymiTap *tap);

/**
 * Waits for the next event of any kind: a tap, presence, a change at a terminal, a failure. Answers
 * to nymi_client_put are left to nymi_client_get.
 *
 * timeout_ms  how long to wait; 0 does not, NYMI_FOREVER without end
 * event       receives the event
 * error       receives what went wrong, if it is not NULL
 *
 * Ownership: free the event with nymi_event_free. Threads: any, several at once; each event goes to
 * one of them. Errors: as for nymi_client_get.
 *
 * Example:
 *
 *     struct NymiEvent *event;
 *     while (nymi_client_wait_event(client, 0, &event, NULL) == NYMI_RESULT_OKAY) {
 *       if (event->kind == NYMI_EVENT_KIND_TAP) { puts(event->tap->band); }
 *       nymi_event_free(event);
 *     }
 */
uint32_t nymi_client_wait_event(struct NymiClient *client,
                                uint32_t timeout_ms,
                                struct NymiEvent **event,
                                struct NymiError **error);

/**
 * Frees an event.
 *
 * Ownership: it and what it points to are gone. NULL, and what was freed before, are ignored.
 * Threads: any. Errors: none.
 *
 * Example:
 *
 *     nymi_event_free(event);
 */
void nymi_event_free(struct NymiEvent *event);

/**
 * Frees an error.
 *
 * Ownership: the error and its texts are gone after the call. NULL, and an error that was freed
 * before, are ignored. Threads: any. Errors: none.
 *
 * Example:
 *
 *     nymi_error_free(error);
 */
void nymi_error_free(struct NymiError *error);

/**
 * Starts the client of this process. It connects to the Nymi Agent in the background.
 *
 * neaName       the application: a letter, then 5 to 17 letters, digits, '.', '_' or '-'
 * logDirectory  an existing directory for nymi_api.log; NULL or "" only with NAPI_LOG_NONE
 * provisions    NULL or a JSON object such as "{}"; its contents are ignored
 * logLevel      NAPI_LOG_NONE to NAPI_LOG_VERBOSE
 * port          the agent's port, or -1 for 9120
 * host          the agent's host name or address; NULL or "" for this machine, or what
 *               NYMI_AGENT_URL or /etc/nymi/nes.toml name
 *
 * Returns NAPI_CONFIGURE_OKAY also while no agent can be reached: then an update with status 4000
 * comes, and the client goes on trying. After napiTerminate it can be called again; updates that
 * were not read by then are dropped.
 *
 * Ownership: nothing is kept of the arguments. Threads: any.
 * Errors: see enum NapiConfigure; neaName is checked first.
 *
 * Example:
 *
 *     int result = napiConfigure("Records", "/var/log/records", "{}", NAPI_LOG_INFO, -1, "");
 */
int napiConfigure(const char *neaName,
                  const char *logDirectory,
                  const char *provisions,
                  int logLevel,
                  int port,
                  const char *host);

/**
 * Sends a request. Only the syntax of the JSON is checked here; everything else is told by the
 * update that answers it.
 *
 * json  a request in UTF-8, such as {"operation":"info","exchange":"1","payload":{}}
 *
 * While 16384 updates or 16 MiB of them wait to be read it is NAPI_PUT_ERROR, until half of them were
 * read.
 *
 * Ownership: nothing is kept of `json`. Threads: any; never waits for the network.
 * Errors: see enum NapiPut.
 *
 * Example:
 *
 *     if (napiPut("{\"operation\":\"info\",\"exchange\":\"1\"}") != NAPI_PUT_OKAY) { finish(); }
 */
int napiPut(const char *json);

/**
 * Waits for the next update and copies it.
 *
 * buffer  where the update goes: UTF-8, NUL-terminated
 * max     the size of the buffer in bytes
 * len     receives the number of bytes written, the NUL included
 *
 * With NAPI_GET_BUFFER_TOO_SMALL, `*len` is the size that is needed; the update stays and is the
 * next one again. Other results leave `*len` and the buffer as they were. After napiTerminate what
 * was queued can still be read; then each call that was waiting gets NAPI_GET_NAPI_TERMINATED, or
 * else the next call does, once; then NAPI_GET_NAPI_NOT_RUNNING.
 *
 * Ownership: the buffer is the caller's and is not touched after the call. Threads: any, several at
 * once; each update goes to one of them. Blocks without end; napiTerminate wakes it.
 * Errors: see enum NapiGet.
 *
 * Example:
 *
 *     char update[4096];
 *     unsigned long long len;
 *     while (napiGet(update, sizeof update, &len) == NAPI_GET_OKAY) { puts(update); }
 */
int napiGet(char *buffer, unsigned long long max, unsigned long long *len);

/**
 * Copies the next update if there is one now; never waits.
 *
 * buffer  where the update goes: UTF-8, NUL-terminated
 * max     the size of the buffer in bytes
 * len     receives the number of bytes written, the NUL included
 *
 * As napiGet, but without an update the result is NAPI_TRY_GET_NOTHING and `*len` is 0.
 *
 * Ownership and threads: as for napiGet. Errors: see enum NapiTryGet.
 *
 * Example:
 *
 *     switch (napiTryGet(update, sizeof update, &len)) {
 *     case NAPI_TRY_GET_OKAY:    handle(update); break;
 *     case NAPI_TRY_GET_NOTHING: break;
 *     default:                   finish();
 *     }
 */
int napiTryGet(char *buffer, unsigned long long max, unsigned long long *len);

/**
 * Ends the client of this process, within a second whatever is in flight.
 *
 * Requests that wait for their answer get an update with status 1007, every napiGet that waits is
 * woken, and what is queued can still be read. Without a running client nothing happens.
 *
 * Threads: any, also while others are in napiGet or napiPut. Errors: none.
 *
 * Example:
 *
 *     napiTerminate();
 */
void napiTerminate(void);

/**
 * The version of the binary interface that the loaded library has.
 *
 * It changes only when something that was published changes its meaning or goes away; functions and
 * status codes that are added leave it as it is. Compare it with NYMI_ABI_VERSION, the version of
 * the header that the program was compiled with, before anything else is called.
 *
 * Threads: any. Errors: none.
 *
 * Example:
 *
 *     if (nymi_abi_version() != NYMI_ABI_VERSION) { finish(); }
 */
uint32_t nymi_abi_version(void);

/**
 * The version of the loaded library, such as "0.1.0", for logs and support.
 *
 * Ownership: the text belongs to the library, is NUL-terminated and lives as long as the library is
 * loaded; do not free it. Threads: any. Errors: none, never NULL.
 *
 * Example:
 *
 *     printf("nymi_api %s\n", nymi_version());
 */
const char *nymi_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* NYMI_API_H */
