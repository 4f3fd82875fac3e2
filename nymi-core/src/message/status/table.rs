//! The one table of status codes. Header, docs and client packages are generated from it.

use super::{Row, Status};

/// The row of a code.
pub(super) fn row(code: u32) -> Option<&'static Row> {
    TABLE
        .binary_search_by_key(&code, |row| row.code)
        .ok()
        .map(|index| &TABLE[index])
}

macro_rules! statuses {
    ($($name:ident = $code:literal, $description:literal, $cause:literal, $remedy:literal;)*) => {
        impl Status {
            $(
                #[doc = $description]
                pub const $name: Status = Status($code);
            )*

            /// Every status, in the order of its number.
            pub const ALL: &'static [Status] = &[$(Status::$name),*];
        }

        static TABLE: &[Row] = &[$(
            Row {
                code: $code,
                name: stringify!($name),
                description: $description,
                cause: $cause,
                remedy: $remedy,
            }
        ),*];
    };
}

statuses! {
    SUCCESS = 0, "Success.",
        "The operation did what it was asked.",
        "Nothing is to be done.";

    MALFORMED_JSON = 1000, "The message is not valid JSON.",
        "The text is cut off, is not UTF-8, nests too deeply or breaks the JSON grammar.",
        "Send one complete JSON object in UTF-8; the specifics name line and column of the fault.";
    UNKNOWN_OPERATION = 1001, "The operation is not known.",
        "The name in `operation` is misspelled, or the peer is of an older version.",
        "Compare the name, its case included, with the operations in docs/manual/webapi.md.";
    MISSING_FIELD = 1002, "A required field is missing.",
        "The request lacks a field that its operation needs.",
        "Add the field that the specifics name.";
    INVALID_FIELD = 1003, "A field is not valid.",
        "A field has another type, format or range than its operation takes.",
        "Correct the field that the specifics name; they say what was expected.";
    NOT_INITIALISED = 1004, "The client is not initialised.",
        "Another operation came before `init` had succeeded.",
        "Send `init`, wait for its status 0, then repeat the request.";
    DUPLICATE_EXCHANGE = 1005, "The exchange is already in use.",
        "A request with the same exchange is still in flight.",
        "Use a new exchange for each request, or wait for the first one's answer.";
    CANCELLED = 1006, "The operation was cancelled.",
        "A `cancel` named this exchange.",
        "Nothing is to be done; repeat the request if it is still wanted.";
    TERMINATED = 1007, "The client was terminated.",
        "The program ended its session while the operation was in flight.",
        "Configure and initialise again, then repeat the request.";
    TOO_MANY_IN_FLIGHT = 1008, "Too many operations are in flight.",
        "The connection has more unanswered requests than it may have.",
        "Wait for answers before further requests are sent.";
    TOO_LARGE = 1009, "The message is too large.",
        "A message is at most 1 MiB.",
        "Send less in one message, then connect again: the connection closes.";

    NES_UNREACHABLE = 2000, "The NES cannot be reached.",
        "The host name does not resolve, the server is down, or a firewall or proxy is between.",
        "Open the NES URL of the specifics from this machine; check name, port, firewall and proxy.";
    NES_TLS = 2001, "The TLS certificate of the NES is not trusted.",
        "The certificate expired, lacks the server's name, or its root is not trusted on this machine.",
        "Check the certificate's dates, its subject alternative names and that its root is installed.";
    NES_CREDENTIALS = 2002, "The NES refused the credentials.",
        "User name, domain, password or token is wrong or expired.",
        "Check the user name with its domain and the password, or obtain a new token.";
    NES_FORBIDDEN = 2003, "The NES does not allow this account to do that.",
        "The account is known but lacks the permission, or speaks for an endpoint that is not its own.",
        "Give the account the permission that the specifics name, or use another account.";
    NES_SERVER_ERROR = 2004, "The NES had an internal error.",
        "The server failed while it handled the request; its log has the details.",
        "Look into the NES log at the time of the request, then repeat it.";
    NES_TIMEOUT = 2005, "The NES did not answer in time.",
        "The server or its database is overloaded, or the network drops packets.",
        "Check the load of the NES and of its database, then repeat the request.";
    NES_VERSION = 2006, "The version of the NES is not supported.",
        "The server does not know a route or field that this program needs.",
        "Bring NES and this program to versions that belong together.";
    NOT_FOUND = 2201, "The requested query was not found on the NES server.",
        "No record matches, or the URL is that of another server.",
        "Check the values of the query and the NES URL with its service name.";

    TIMEOUT_NES = 3000, "Operation timed out: the NES did not answer during a band operation.",
        "The connection from the terminal to the NES was lost or slow.",
        "Check the network between terminal and NES, then repeat the operation.";
    TIMEOUT_BAND = 3010, "Operation timed out: the band did not answer.",
        "The band went out of range, or its Bluetooth connection was disturbed.",
        "Hold the band near the Bluetooth adapter and repeat the operation.";
    BAND_NOT_PRESENT = 3020, "The band is not present.",
        "No endpoint hears the band: it is off, not worn, out of range or at another terminal.",
        "Wear the band, come near the terminal and check that this terminal's endpoint is subscribed.";
    BAND_NOT_AUTHENTICATED = 3021, "The band is not authenticated.",
        "The wearer has not authenticated to the band since it was put on.",
        "Authenticate to the band, then repeat the operation.";
    BAND_FIRMWARE = 3022, "The band's firmware is out of date.",
        "The firmware lacks the function that was asked for.",
        "Update the firmware of the band.";
    BAND_MEMORY = 3023, "The band is out of memory.",
        "The band holds as many keys as it can.",
        "Delete keys that are no longer used, then repeat the operation.";
    BAND_LOCKED_OUT = 3024, "The band is locked out.",
        "Authentication to the band failed too often.",
        "Delete the user data of the band and enroll it again.";
    KEY_NOT_FOUND = 3025, "The key was not found on the band.",
        "The key was never made, was deleted, or belongs to another application.",
        "Create the key with this application first, and check its key_id.";
    BAND_REFUSED = 3026, "The band refused the operation.",
        "The band does not accept this application's certificates, or the request is not allowed now.",
        "Check that application and band belong to the same enterprise; the specifics have the reason.";
    BAND_CONNECTION_LOST = 3027, "The connection to the band was lost.",
        "The band went out of range, was taken off or ran out of power during the operation.",
        "Bring the band back into range and repeat the operation.";

    AGENT_MISSING = 4000, "Nymi Agent missing.",
        "The agent does not run, its host or port is another, or a firewall is between.",
        "Check that the agent runs and that its WebSocket port can be reached from this machine.";
    AGENT_REFUSED = 4001, "The Nymi Agent refused the connection.",
        "The agent does not accept this host, origin, certificate or credential.",
        "Compare the agent's allowed hosts, origins and credentials with what the specifics name.";
    AGENT_VERSION = 4002, "The version of the Nymi Agent is not supported.",
        "Agent and client speak different versions of the protocol.",
        "Bring agent and client to versions that belong together.";
    AGENT_OVERLOADED = 4003, "The Nymi Agent is overloaded.",
        "The agent has more connections or unsent messages than it can keep.",
        "Read updates without delay, and repeat the request after a pause.";

    ENDPOINT_MISSING = 5100, "Nymi Bluetooth Endpoint is missing.",
        "No endpoint of that name is joined: its service is stopped or cannot reach the agent.",
        "Start the Bluetooth endpoint of the terminal, and check the agent URL it is given.";
    ADAPTER_MISSING = 5101, "The Bluetooth adapter is missing.",
        "No adapter is plugged in, another program holds it, or it failed.",
        "Plug the adapter in, or in again, and close other programs that use it.";
    READER_MISSING = 5102, "The NFC reader is missing.",
        "No reader is plugged in, or the smart card service does not run.",
        "Plug the reader in, and check that the smart card service runs.";
    DUPLICATE_ENDPOINT = 5103, "The endpoint id is already in use.",
        "Two terminals have the same endpoint_id.",
        "Give each terminal an endpoint_id of its own.";

    PAC_FAILED = 6000, "Presence verification failed.",
        "The presence code is not that of the enrolled band: another band, an old enrollment or a forgery.",
        "Repeat the tap; if it fails again, log in to the Band Application or enroll the band again.";
    PAC_REPLAYED = 6001, "The presence code was used before.",
        "The same code was already verified, here or at another terminal.",
        "Wait a second and repeat the tap.";
    PAC_TIME_LOST = 6002, "The band has lost its time.",
        "The battery of the band ran empty, so its presence codes prove no time.",
        "Log in to the Band Application while the authenticated band is worn.";
    PAC_OUT_OF_BOUNDS = 6003, "The presence code is too old or too new.",
        "The clocks of band and NES differ too much, or the code was recorded and sent later; `skew_ms` says by how much.",
        "Repeat the tap; check the time of the NES, then log in to the Band Application to set the band's clock. If both clocks are right and it recurs at one terminal, the code may have been recorded and sent later: look there for a replay device.";
    NO_ADV_KEY = 6004, "The NES has no advertising key for this band.",
        "The band was enrolled without authenticated presence, or at another NES.",
        "Enroll the band again at this NES.";
    CMAC_MISMATCH = 6005, "The advertising key could not be confirmed.",
        "Terminal and NES hold different L2 certificates or keys.",
        "Import the same fullchain.p12 for every server, then enroll again.";
    TERMINAL_CLOCK = 6006, "The terminal's clock differs from that of the NES.",
        "The time of the enrollment terminal is outside the bounds of the policy.",
        "Synchronise the time of terminal and NES, then repeat the operation.";

    USER_NOT_FOUND = 6010, "The user was not found.",
        "The directory has no such user, or the user was removed.",
        "Check domain and user name in the directory.";
    BAND_NOT_ACTIVE = 6011, "The band is not active.",
        "The band is suspended, disconnected or not associated with a user.",
        "Look the band up in the Administrator Console, and restore it or enroll it again.";
    ACCOUNT_DISABLED = 6012, "The user's account is disabled.",
        "The directory marks the account as disabled.",
        "Enable the account in the directory.";
    ACCOUNT_LOCKED = 6013, "The user's account is locked.",
        "Too many log-ins with a wrong password locked the account.",
        "Unlock the account in the directory, or wait until the lock ends.";
    ACCOUNT_EXPIRED = 6014, "The user's account has expired.",
        "The account's last day in the directory has passed.",
        "Extend the account in the directory.";
    PASSWORD_EXPIRED = 6015, "The user's password has expired.",
        "The password is older than the directory allows, or must be changed at the next log-in.",
        "Change the password.";
    NOT_IN_UNIT = 6016, "The user or terminal is not a member of an allowed unit.",
        "Policy allows members of certain organizational units only.",
        "Add the account to a unit that policy allows.";

    FORBIDDEN_BY_POLICY = 7000, "The policy does not allow this.",
        "The active policy forbids the operation, or does not offer it.",
        "Have an administrator change the policy that the specifics name.";
    LOCK_CONTROL_OFF = 7001, "Nymi Lock Control is not enabled.",
        "The active group policy does not enable Lock Control.",
        "Enable Nymi Lock Control in the active group policy.";

    CERTIFICATES = 8000, "NEA missing certificates.",
        "The application has no valid certificate, and could not obtain one: wrong L1 or grade, clocks apart, or log-in data missing.",
        "Read the specifics and `nsl`: give the missing `init` fields, install the right L1, or correct the clock.";

    INTERNAL = 9000, "Internal error.",
        "The program met a state that it should not have.",
        "Note time and specifics, look into the log, and report it.";
}
