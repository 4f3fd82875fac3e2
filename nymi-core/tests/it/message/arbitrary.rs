//! Well-formed requests of every operation.

use nymi_core::BandId;
use nymi_core::chain::Grade;
use nymi_core::message::{
    AssertIdentity, BandExchange, BandSession, Cancel, Firmware, HexBytes, Init, KeyAction, Lookup,
    LookupColumn, LookupQuery, Notification, Notify, Payload, Random, Sign, SubscribeEndpoint,
    SymmetricKey, Totp, UnsubscribeEndpoint, UserStatus,
};
use proptest::option::of;
use proptest::prelude::*;

fn band() -> impl Strategy<Value = BandId> {
    any::<[u8; 6]>().prop_map(BandId::new)
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{1,12}"
}

fn value<T: std::fmt::Debug + std::str::FromStr<Err: std::fmt::Debug>>(
    regex: &'static str,
) -> impl Strategy<Value = T> {
    regex.prop_map(|text: String| text.parse().unwrap())
}

fn uuid<T: std::fmt::Debug + std::str::FromStr<Err: std::fmt::Debug>>() -> impl Strategy<Value = T>
{
    value("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
}

fn init() -> impl Strategy<Value = Payload> {
    let urls = (
        of(value("https://[a-z]{1,9}(:[1-9]{1,4})?/[a-z]{1,5}")),
        of(value("wss?://[a-z]{1,9}/x")),
    );
    let secret = || of("[!-~]{1,9}".prop_map(|text| text.try_into().unwrap()));
    let grade = of(prop_oneof![Just(Grade::Gold), Just(Grade::Bronze)]);
    (
        value("[A-Za-z][A-Za-z0-9._-]{5,17}"),
        urls,
        secret(),
        of(value("[A-Z]{1,9}\\\\[a-z]{1,9}")),
        secret(),
        grade,
        of(text()),
    )
        .prop_map(
            |(nea_name, (nes_url, agent_url), token, username, password, grade, l1)| {
                Payload::Init(Init {
                    nea_name,
                    nes_url,
                    token,
                    username,
                    password,
                    agent_url,
                    grade,
                    l1,
                })
            },
        )
}

fn lookup() -> impl Strategy<Value = Payload> {
    let query = (
        of(text()),
        of(text()),
        of(band()),
        of(value("([0-9A-F]{2}){4,10}")),
        text(),
    );
    let keys = proptest::sample::subsequence(LookupColumn::ALL, 1..=LookupColumn::ALL.len());
    (query, keys).prop_map(|((username, domain, band, nfc_uid, serial), lookup_keys)| {
        let serial_number = Some(serial);
        let query = LookupQuery {
            username,
            domain,
            band,
            nfc_uid,
            serial_number,
        };
        Payload::Lookup(Lookup { query, lookup_keys })
    })
}

fn assert_identity() -> impl Strategy<Value = Payload> {
    let digest = of(value("[0-9a-f]{64}"));
    (band(), uuid(), digest, of(text()), of(text()), of(text())).prop_map(
        |(device, intent_id, document_sha256, meaning, audience, nonce)| {
            Payload::AssertIdentity(AssertIdentity {
                intent_id: Some(intent_id),
                document_sha256,
                meaning,
                audience,
                nonce,
                ..AssertIdentity::of(device)
            })
        },
    )
}

fn band_operation() -> impl Strategy<Value = Payload> {
    let action = prop_oneof![
        Just(KeyAction::Create),
        Just(KeyAction::Get),
        Just(KeyAction::Delete)
    ];
    (
        band(),
        any::<bool>(),
        1..=64u8,
        value("[0-9a-f]{64}"),
        action,
        of(uuid()),
        0..6usize,
    )
        .prop_map(
            |(device, positive, length, hash, action, key_id, which)| match which {
                0 => {
                    let notification = if positive {
                        Notification::Positive
                    } else {
                        Notification::Negative
                    };
                    Payload::Notify(Notify {
                        device,
                        notification,
                    })
                }
                1 => Payload::Random(Random { device, length }),
                2 => Payload::Sign(Sign { device, hash }),
                3 => Payload::SymmetricKey(SymmetricKey {
                    device,
                    // Only a key that is to be made can be without a name.
                    action: if key_id.is_some() {
                        action
                    } else {
                        KeyAction::Create
                    },
                    key_id,
                }),
                4 => Payload::Totp(Totp { device, action }),
                _ => Payload::Firmware(Firmware { device }),
            },
        )
}

pub(super) fn payload() -> impl Strategy<Value = Payload> {
    let exchange_data = (text(), band(), any::<Vec<u8>>());
    prop_oneof![
        init(),
        lookup(),
        assert_identity(),
        band_operation(),
        Just(Payload::Info),
        Just(Payload::ListEndpoints),
        text()
            .prop_map(|endpoint_id| Payload::SubscribeEndpoint(SubscribeEndpoint { endpoint_id })),
        text().prop_map(
            |endpoint_id| Payload::UnsubscribeEndpoint(UnsubscribeEndpoint { endpoint_id })
        ),
        (text(), text())
            .prop_map(|(username, domain)| Payload::UserStatus(UserStatus { username, domain })),
        any::<String>().prop_map(|exchange| Payload::Cancel(Cancel { exchange })),
        (band(), any::<Vec<u8>>()).prop_map(|(device, data)| {
            let data = HexBytes(data);
            Payload::BandSession(BandSession { device, data })
        }),
        exchange_data.prop_map(|(endpoint_id, address, data)| {
            Payload::BandExchange(BandExchange {
                endpoint_id,
                address,
                data: HexBytes(data),
            })
        }),
    ]
}
