//! Requests and their answers: how long one takes, and how many go through in a second.

use std::cell::RefCell;
use std::ffi::CStr;

use serde_json::json;

use crate::Effort;
use crate::bare::Bare;
use crate::in_turn::{compare, work};
use crate::interface::{Classic, Client, c, request};
use crate::system::Ready;

/// The columns that the typed lookup asks for.
const COLUMNS: [&str; 11] = [
    "Username",
    "Domain",
    "NymiBandID",
    "NfcUID",
    "SerialNumber",
    "BandLabel",
    "IsActive",
    "IsPrimary",
    "FirmwareVersion",
    "HardwareVersion",
    "IdentityPublicKey",
];

/// What an agent takes of one application at once is a little more.
const IN_FLIGHT: usize = 50;

pub(crate) fn measure(ready: &Ready, effort: Effort) {
    let bare = RefCell::new(Bare::connect(ready));
    let client = Client::ready(ready);
    let classic = Classic::ready(ready);
    one_at_a_time(ready, effort, &bare, &client, &classic);
    many_at_once(effort, &bare, &client);
    within_the_process(effort, &client, &classic);
}

fn one_at_a_time(
    ready: &Ready,
    effort: Effort,
    bare: &RefCell<Bare>,
    client: &Client,
    classic: &Classic,
) {
    let nothing = json!({});
    let list = request("list_endpoints", &nothing);
    let works = [
        work("tokio-tungstenite alone", || {
            bare.borrow_mut()
                .ask("list_endpoints", &nothing)
                .is_object()
        }),
        work("nymi_client_put, nymi_client_get", || {
            client.ask(&list).is_object()
        }),
        work("napiPut, napiGet", || classic.ask(&list).is_object()),
    ];
    println!("\nlist_endpoints, answered by the agent");
    compare(&works, effort.times(4_000, 2), 1);

    let username = c(ready.username());
    let query = json!({"query": {"Username": ready.username()}, "lookup_keys": COLUMNS});
    let lookup = request("lookup", &query);
    let works = [
        work("tokio-tungstenite alone", || {
            bare.borrow_mut().ask("lookup", &query).is_object()
        }),
        work("nymi_client_put, nymi_client_get", || {
            client.ask(&lookup).is_object()
        }),
        work("nymi_client_lookup", || client.lookup(&username) == 1),
    ];
    println!("\nlookup, answered by the server through the agent");
    compare(&works, effort.times(2_000, 2), 1);
}

fn many_at_once(effort: Effort, bare: &RefCell<Bare>, client: &Client) {
    let nothing = json!({});
    let together = effort.times(1_000, IN_FLIGHT);
    let requests: Vec<_> = (0..together)
        .map(|number| {
            let request =
                json!({"operation": "list_endpoints", "exchange": number.to_string(), "payload": {}});
            c(request.to_string())
        })
        .collect();
    let works = [
        work("tokio-tungstenite alone", || {
            bare.borrow_mut()
                .ask_often("list_endpoints", &nothing, together, IN_FLIGHT);
            true
        }),
        work("nymi_client_put, nymi_client_get", || {
            client.ask_often(&requests, IN_FLIGHT);
            true
        }),
    ];
    println!("\n{together} list_endpoints, {IN_FLIGHT} in flight");
    let medians = compare(&works, effort.times(50, 1), 1);
    for (work, nanoseconds) in works.iter().zip(medians) {
        let each_second = together as f64 * 1e9 / nanoseconds;
        println!("  {:45} {each_second:9.0} /s", work.name);
    }
}

/// A request that the engine answers itself goes to its thread and back, and not to the network.
fn within_the_process(effort: Effort, client: &Client, classic: &Classic) {
    let cancel = request("cancel", &json!({"exchange": "none"}));
    let is_refusal = |update: &CStr| update.to_bytes().starts_with(br#"{"operation":"cancel","#);
    let works = [
        work("nymi_client_put, nymi_client_get", || {
            client.put(&cancel);
            client.get(is_refusal)
        }),
        work("napiPut, napiGet", || classic.exchange(&cancel, is_refusal)),
    ];
    println!("\ncancel of nothing, answered within the process");
    compare(&works, effort.times(4_000, 2), 1);
}
