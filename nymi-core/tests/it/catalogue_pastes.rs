//! What operators paste into `nymi explain`, with what stands around it in logs, dialogs and consoles.

use nymi_core::catalogue::{Explanation, explain};

/// The entry must be among those that are printed in full.
const IN_FULL: usize = 3;

const FOUND: &[(&str, &str)] = &[
    // What a band shows: the code above, the line number below.
    ("D001D 417", "band-fault-d001d"),
    ("D001D\n417", "band-fault-d001d"),
    ("d001d\r\n 417\r\n", "band-fault-d001d"),
    ("0xD001D 417", "band-fault-d001d"),
    ("FAULT D0015 12", "band-fault-d0015"),
    ("the band of bob shows D000B, line 33", "band-fault-d000b"),
    ("60001 1022", "band-fault-60001"),
    ("60001", "band-fault-60001"),
    ("fault 80002", "band-fault-80002"),
    ("Fault code: 140005 (line 88)", "band-fault-140005"),
    ("19000b 7", "band-fault-19000b"),
    ("00013 5", "band-fault-00013"),
    ("fault 00008", "band-fault-00008"),
    ("B000123 55", "band-fault-b000"),
    ("B0001 55", "band-fault-b000"),
    ("1100042 9", "band-fault-110"),
    ("fault 1100042", "band-fault-110"),
    ("see admin", "band-lockout"),
    ("band says NO MATCH", "band-no-match"),
    ("no ecg", "band-no-ecg"),
    // Updates of the native interface, whole, in part and in a log line.
    (
        r#"{"operation":"init","exchange":"0","status":4000,"payload":{},"error":{"error_description":"Nymi Agent missing."}}"#,
        "status-4000",
    ),
    (
        r#"{"status":6003,"exchange":"7","payload":{"nymi_band_id":"DD:34:A2:0F:0B:0D"}}"#,
        "status-6003",
    ),
    (
        r#"2026-05-13 08:30:00,123 ERROR [app] update {"status":6003,"exchange":"7","payload":{}}"#,
        "status-6003",
    ),
    (
        r#"08:30:00 response: {"status":6003,"payload":{}}"#,
        "status-6003",
    ),
    (
        r#"08:30:00.5 [info] received event {"status": 6003, "payload": {}}"#,
        "status-6003",
    ),
    (
        r#"[13/May/2026] http body={\"operation\":\"sign\",\"status\":3020}"#,
        "status-3020",
    ),
    (
        r#"os: linux, last {"exchange":"e","status":"5100"}"#,
        "status-5100",
    ),
    (
        r#"{"operation":"init","status":8000,"error":{"error_specifics":"NEA certificate chain is missing or invalid.","nsl":14}}"#,
        "nsl-14",
    ),
    ("status=6003", "status-6003"),
    ("Status: 5101", "status-5101"),
    ("statuscode 6003", "status-6003"),
    ("error_code=6003", "status-6003"),
    ("agent_missing", "status-4000"),
    ("PAC_OUT_OF_BOUNDS", "status-6003"),
    (
        "2026-05-13T08:30:00Z WARN nymi: PAC_OUT_OF_BOUNDS (band DD:34:A2:0F:0B:0D)",
        "status-6003",
    ),
    ("pac_out_of_bounds", "status-6003"),
    ("pac out of bounds", "status-6003"),
    (
        "May 13 08:30:00 desk-7 app[211]: status pac_out_of_bounds",
        "status-6003",
    ),
    // Lines of the logs that the guides quote.
    (
        "2023-03-01 10:12:44,120 ERROR - NSL: nsl_verify_nea_cert_chain, 2238, 14",
        "cert-nsl-14",
    ),
    ("ERROR - NSL: nsl_verify_nea_cert_chain, 2289, 29", "nsl-29"),
    ("error - nsl: NSL_VERIFY_NEA_CERT_CHAIN, 2289, 29", "nsl-29"),
    (
        r#"ERROR - Error: ErrorWithMessage { error: MissingCerts, specifics: "NEA certificate chain is missing or invalid." }"#,
        "napi-8000-certificates-missing",
    ),
    (
        r#"2023-03-01 10:12:44 ERROR - NFC: An error occurred while reading the smart card on reader "HID Global OMNIKEY 5022 Smart Card Reader=0": CardReadError(UnresponsiveCard)"#,
        "nbe-nfc-unresponsive-card",
    ),
    (
        "2023-03-01 ERROR - serrec - Received error polling dongle: The device does not recognize the command. (os error 22)",
        "nbe-dongle-polling-error",
    ),
    (
        "WARN - BGADAPTER: error on dongle reader thread: receiving on an empty and disconnected channel",
        "nbe-dongle-polling-error",
    ),
    ("INFO - BLE Dongle removed.", "nbe-dongle-polling-error"),
    (
        "10:12:44.120 ERROR - Could not connect to websocket server. Attempting to connect again.",
        "napi-4000-agent-missing",
    ),
    (
        r#"ERROR - Leaving channel: bluebox:10.1.2.3 due to: "Channel already joined""#,
        "nbe-channel-already-joined",
    ),
    (
        "ERROR - Error in run websocket reconnect loop: ChannelError(ChannelAlreadyJoined)",
        "nbe-channel-already-joined",
    ),
    (
        "Attempting to reconnect to Agent at ws://agent7.example.com:9120/socket/websocket...",
        "nbe-channel-already-joined",
    ),
    (
        "[info] Tried to join existing bluebox:10.1.2.3",
        "agent-tried-to-join-existing",
    ),
    (
        "2023-03-01 10:12:44 [error] GenServer #PID<0.771.4> terminating\n** (KeyError) key :bluebox_id not found in: %{}",
        "agent-bluebox-keyerror",
    ),
    (
        "ERROR FAILURE - UpdateBand(api/NymiBands/14): BadRequest - 'Bad Request' - uri:'https://nes.example.com/",
        "nes-adv-key-cmac-mismatch",
    ),
    (
        r#"{"ResponseCode":12,"Message":"Adv Key 1 cannot be generated due to CMAC mismatch."}"#,
        "nes-adv-key-cmac-mismatch",
    ),
    (
        "ERROR FAILURE - AddEnrollmentEventEntry(api/EnrollmentEvents): NotFound - 'Not Found' - uri:'https://nes.example.com/",
        "nba-not-found",
    ),
    (
        r#"WARN - WebAPI disabled! Missing CA Certificate Chain file: d:/Nymi/NymiAgent/certs/root.pem"#,
        "webapi-ca-chain-missing",
    ),
    (
        r#"ERROR - Error logging in to NES: "Unable to load the credentials for BasicLoginWithToken due to a missing credentials file.""#,
        "webapi-credentials-file-missing",
    ),
    (
        "error trying to connect: tcp connect error: No connection could be made because the target machine actively refused it. (os error 10061)",
        "webapi-tcp-refused",
    ),
    (
        "WebException - The remote server returned an error: (503) Server Unavailable.",
        "nes-registration-503",
    ),
    (
        "client connection error: connection error: An existing connection was forcibly closed by the remote host. (os error 10054)",
        "net-10054",
    ),
    // What Windows and PowerShell print.
    ("TcpTestSucceeded: False", "net-port-9120-blocked"),
    (
        "ComputerName     : agent.example.com\nRemoteAddress    : 10.1.2.3\nRemotePort       : 9120\nInterfaceAlias   : Ethernet\nTcpTestSucceeded : False",
        "net-port-9120-blocked",
    ),
    ("tcptestsucceeded : false", "net-port-9120-blocked"),
    ("Event ID 12", "audit-event-12"),
    ("Event ID: 6", "audit-event-6"),
    ("EventID=14 Level=Warning Source=NES", "audit-event-14"),
    ("<EventID>14</EventID>", "audit-event-14"),
    (r#"{"EventTypeID":6,"UserName":"bob"}"#, "audit-event-6"),
    (
        "Log Name: Application\r\nSource: Application Error\r\nDate: 13/05/2026\r\nEvent ID: 1000\r\nLevel: Error\r\nDescription:\r\nFaulting application name: w3wp.exe, version: 8.0.9200.16384",
        "nes-app-pool-monitoring-agent",
    ),
    ("Event ID: 1000", "nes-app-pool-monitoring-agent"),
    (
        "Source: Schannel Event ID: 36871 Level: Error A fatal error occurred while creating a TLS client credential. The internal error state is 10013.",
        "nes-db-tls-version",
    ),
    (
        r#"Error 1000 -Couldn't get device ID of smart card of the reader "HID Global OMNIKEY 5022 Smart Card Reader 0". Return code is 2148532329."#,
        "nbe-nfc-device-id",
    ),
    (
        "Error Code 2000 - Reader reported a communication issue.",
        "nbe-nfc-communication",
    ),
    (
        "Failed to assign SPN on account 'CN=svc-nes,DC=example', error 0x21c7/8647",
        "nes-spn-assign-failed",
    ),
    (
        "HTTP Error 500.19 - Internal Server Error",
        "nes-http-500-19",
    ),
    ("NET::ERR_CERT_AUTHORITY_INVALID", "cert-root-missing"),
    (
        "[Window Title]\nNymi Band Application\n\n[Content]\nFailed to Get the Application Certificates\n\n[OK]",
        "nba-application-certificates",
    ),
    // What dialogs say, as somebody types it off.
    ("bluetooth adapter is missing", "nbe-adapter-missing"),
    ("BLUETOOTH ADAPTER IS MISSING!!", "nbe-adapter-missing"),
    ("Blutooth adaptor is missing", "nbe-adapter-missing"),
    ("bluetooth adapter mising", "nbe-adapter-missing"),
    ("Nymi Bluetooth Endpont is missing", "status-5100"),
    ("nymi agnet missing", "status-4000"),
    ("Failed to conect to Nymi Agent", "nbe-agent-unreachable"),
    (
        "hover text: Failed to connect to Nymi Agent. Duplicate endpoint ID",
        "nbe-duplicate-endpoint-id",
    ),
    ("Band error: (3010) Operation timed out", "nba-band-3010"),
    ("band error 3010", "nba-band-3010"),
    (
        "Band service disconnected, error code: 5100",
        "nba-nbe-missing",
    ),
    (
        "Enrollment cannot proceed. Time on the enrolment terminal is out of sync with the time on the nymi enterprise server",
        "nba-time-out-of-sync",
    ),
    (
        "cant perform re-enrollment because the NES policy settings do not allow re-enrollment",
        "nba-reenroll-not-allowed",
    ),
    (
        "insufficient memory on the nymi band to suport the registration",
        "nba-insufficient-memory",
    ),
    (
        "Nymi Connect: Tap Received - Detected tap from a Nymi Band",
        "connect-win-spurious-tap",
    ),
    (
        "Nymi Connect - OAuth2 dynamic client registration failed - Initial access token expired",
        "connect-android-token-expired",
    ),
    ("> status 4000", "status-4000"),
    ("  4000.  ", "status-4000"),
    ("#6003", "status-6003"),
    ("NYMI-CORE: NSL 29", "nsl-29"),
    ("audit-event-12", "audit-event-12"),
    ("Audit-Event-12", "audit-event-12"),
];

const NOTHING: &[&str] = &[
    "TcpTestSucceeded: True",
    "ComputerName     : agent.example.com\nRemotePort       : 9120\nTcpTestSucceeded : True",
    "9999",
    "status 9999",
    r#"{"status":9999}"#,
    "Event ID 4711",
    "0xDEAD",
    "2026-05-13 08:30:00,123 INFO [main] transferred 1101234 bytes in 60001 ms",
    "2026-05-13 08:30:00,123 INFO [main] 60001 frames, 417 lost",
    "60001 ms",
    "0x110volts",
    "fault 110volts",
    "copied 404 files",
    "order 60001 of 1100042 was shipped",
    "the facade was added and faded",
    "uuid 1f0e60001d2c-4b1a",
    "line 417",
    "took 6003 ms",
    "copied 4000 files",
    "listening on 0.0.0.0:9120",
    "all is well",
    "hello",
    "2026-05-13 08:30:00 INFO started",
    "-",
];

fn ids(paste: &str) -> Vec<String> {
    explain(paste).iter().map(Explanation::id).collect()
}

#[test]
fn pastes_find_their_entry() {
    let missed: Vec<String> = FOUND
        .iter()
        .map(|(paste, id)| (paste, id, ids(paste)))
        .filter(|(_, id, found)| !found.iter().take(IN_FULL).any(|found| found == *id))
        .map(|(paste, id, found)| format!("{paste:?}: {id} is not in {found:?}"))
        .collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn what_is_no_failure_finds_nothing() {
    let found: Vec<String> = NOTHING
        .iter()
        .map(|paste| (paste, ids(paste)))
        .filter(|(_, found)| !found.is_empty())
        .map(|(paste, found)| format!("{paste:?}: {found:?}"))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
