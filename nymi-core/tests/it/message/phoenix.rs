use nymi_core::message::MAX_MESSAGE;
use nymi_core::message::phoenix::{
    HEARTBEAT, JOIN, Message, PHOENIX_TOPIC, PhoenixError, Ref, UNMATCHED_TOPIC, Vsn, decode,
    encode,
};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_vsn_parameter_chooses_the_serializer() {
    assert_eq!(Vsn::from_query(None), Some(Vsn::V1));
    for vsn in [Vsn::V1, Vsn::V2] {
        assert_eq!(Vsn::from_query(Some(vsn.as_str())), Some(vsn));
    }
    for vsn in ["", "1", "2.0", "3.0.0"] {
        assert_eq!(Vsn::from_query(Some(vsn)), None);
    }
}

/// What the official JavaScript client writes: join, heartbeat, push.
#[test]
fn messages_of_the_official_client_are_read() {
    let join = decode(
        Vsn::V2,
        r#"["3","3","nea:example:1","phx_join",{"protocol":1}]"#,
    )
    .unwrap();
    assert_eq!(
        (join.join_ref.clone(), join.reference.clone()),
        (Some("3".into()), Some("3".into()))
    );
    assert_eq!(
        (join.topic.as_str(), join.event.as_str()),
        ("nea:example:1", JOIN)
    );
    assert_eq!(
        encode(Vsn::V2, &join.reply_ok(json!({"nonce":"00"}))),
        r#"["3","3","nea:example:1","phx_reply",{"response":{"nonce":"00"},"status":"ok"}]"#
    );
    let heartbeat = decode(Vsn::V2, r#"[null,"4","phoenix","heartbeat",{}]"#).unwrap();
    assert_eq!(
        (heartbeat.topic.as_str(), heartbeat.event.as_str()),
        (PHOENIX_TOPIC, HEARTBEAT)
    );
    assert_eq!(
        encode(Vsn::V2, &heartbeat.reply_ok(json!({}))),
        r#"[null,"4","phoenix","phx_reply",{"response":{},"status":"ok"}]"#
    );
    let old = decode(
        Vsn::V1,
        r#"{"topic":"x","event":"y","payload":{},"ref":"1"}"#,
    )
    .unwrap();
    assert_eq!(
        (old.join_ref.clone(), old.reference.clone()),
        (None, Some("1".into()))
    );
    assert_eq!(
        encode(Vsn::V1, &old.refuse(UNMATCHED_TOPIC)),
        r#"{"topic":"x","event":"phx_reply","payload":{"response":{"reason":"unmatched topic"},"status":"error"},"ref":"1"}"#
    );
}

#[test]
fn pushes_of_the_server_have_null_references() {
    let push = Message::push(
        Some("3".into()),
        "bluebox:e",
        "configure",
        json!({"tap":{}}),
    );
    assert_eq!(
        encode(Vsn::V2, &push),
        r#"["3",null,"bluebox:e","configure",{"tap":{}}]"#
    );
    assert_eq!(
        encode(
            Vsn::V1,
            &Message::push(None, "bluebox:e", "configure", json!({}))
        ),
        r#"{"topic":"bluebox:e","event":"configure","payload":{},"ref":null}"#
    );
    assert_eq!(
        encode(
            Vsn::V2,
            &Message::topic_error(Some("3".into()), "bluebox:e")
        ),
        r#"["3","3","bluebox:e","phx_error",{}]"#
    );
    assert_eq!(
        encode(
            Vsn::V2,
            &Message::topic_close(Some("3".into()), "bluebox:e")
        ),
        r#"["3","3","bluebox:e","phx_close",{}]"#
    );
}

#[test]
fn a_number_as_reference_comes_back_as_a_number() {
    let message = decode(Vsn::V2, r#"[1,2,"t","e",{}]"#).unwrap();
    assert_eq!(message.reference, Some(Ref::Number(2)));
    assert!(encode(Vsn::V2, &message.reply_ok(json!({}))).starts_with("[1,2,"));
}

#[test]
fn a_reply_tells_status_and_response() {
    let asked = Message {
        reference: Some("1".into()),
        ..Message::new("t", "e", json!({}))
    };
    let reply = asked.reply_error(json!({"reason":"x"}));
    let read = reply.as_reply().unwrap();
    assert!(!read.is_ok);
    assert_eq!(read.response["reason"], "x");
    assert!(asked.reply_ok(json!({})).as_reply().unwrap().is_ok);
    assert_eq!(asked.as_reply(), None);
    assert_eq!(Message::heartbeat(5).reference, Some("5".into()));
}

#[test]
fn other_forms_are_refused() {
    for (vsn, text) in [
        (Vsn::V1, r#"["1","1","t","e",{}]"#),
        (Vsn::V1, r#"{"topic":1,"event":"e"}"#),
        (Vsn::V1, r#"{"event":"e"}"#),
        (
            Vsn::V2,
            r#"{"topic":"t","event":"e","payload":{},"ref":"1"}"#,
        ),
        (Vsn::V2, r#"["1","1","t","e"]"#),
        (Vsn::V2, r#"["1","1","t","e",{},1]"#),
        (Vsn::V2, r#"[{},"1","t","e",{}]"#),
        (Vsn::V2, ""),
    ] {
        assert!(
            matches!(decode(vsn, text), Err(PhoenixError::Invalid { .. })),
            "{text}"
        );
    }
    let message = r#"["1","1","t","e",{}]"#;
    let largest = message.to_owned() + &" ".repeat(MAX_MESSAGE - message.len());
    assert!(decode(Vsn::V2, &largest).is_ok());
    let large = " ".repeat(MAX_MESSAGE + 1);
    assert_eq!(
        decode(Vsn::V2, &large),
        Err(PhoenixError::TooLarge(MAX_MESSAGE + 1))
    );
}

fn reference() -> impl Strategy<Value = Option<Ref>> {
    of(prop_oneof![
        any::<String>().prop_map(Ref::Text),
        any::<u64>().prop_map(Ref::Number)
    ])
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), v2 in any::<bool>()) {
        let _ = decode(if v2 { Vsn::V2 } else { Vsn::V1 }, &text);
    }

    #[test]
    fn what_is_written_reads_back(
        join_ref in reference(),
        reference in reference(),
        topic in any::<String>(),
        event in any::<String>(),
        number in any::<i64>(),
    ) {
        let payload: Value = json!({ "number": number });
        let message = Message { join_ref, reference, topic, event, payload };
        for vsn in [Vsn::V1, Vsn::V2] {
            let read = decode(vsn, &encode(vsn, &message)).unwrap();
            prop_assert_eq!(&read, &message);
        }
    }
}
