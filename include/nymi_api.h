/*
 * nymi_api.h: the Nymi API for C and C++ (C11, C++17).
 *
 * Generated from the sources of nymi-ffi; do not edit.
 *
 * A program starts the client with napiConfigure, sends requests as JSON with napiPut and reads
 * updates as JSON with napiGet (waits) or napiTryGet (does not). A request
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
 * Every function may be called from any thread. The library starts one thread of its own, on which
 * the signals of the process are blocked, and never calls back into the program. Texts are UTF-8 and
 * end with a NUL. No function keeps a pointer that it is given.
 */

#ifndef NYMI_API_H
#define NYMI_API_H

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
   * The log directory cannot be used, or the system refused a thread.
   */
  NAPI_CONFIGURE_FAILED_TO_INIT = 3,
  /**
   * A client runs already, or another argument cannot be used.
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
   * `json` is NULL.
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

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

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
 * Ownership: nothing is kept of `json`. Threads: any; never waits for the network.
 * Errors: see enum NapiPut.
 *
 * Example:
 *
 *     if (napiPut("{\"operation\":\"info\",\"exchange\":\"1\"}") != NAPI_PUT_OKAY) { ... }
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
 * As napiGet, but without an update the result is NAPI_TRY_GET_NOTHING and `*len` is 0.
 *
 * Ownership and threads: as for napiGet. Errors: see enum NapiTryGet.
 *
 * Example:
 *
 *     switch (napiTryGet(update, sizeof update, &len)) {
 *     case NAPI_TRY_GET_OKAY:    handle(update); break;
 *     case NAPI_TRY_GET_NOTHING: break;
 *     default:                   stop();
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
 *     if (nymi_abi_version() != NYMI_ABI_VERSION) { ... }
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
