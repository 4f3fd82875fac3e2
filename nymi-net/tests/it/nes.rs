//! URLs of the Enterprise Server. Its requests are tested where they are made.

use nymi_net::nes::service_url;

#[test]
fn the_service_is_added_to_a_host_alone() {
    for (text, url) in [
        ("nes.example.com", "https://nes.example.com/NES_DPS"),
        (
            "https://nes.example.com/",
            "https://nes.example.com/NES_DPS",
        ),
        ("https://nes.example.com/nes", "https://nes.example.com/nes"),
        (
            "nes.example.com:8443/other/",
            "https://nes.example.com:8443/other",
        ),
        ("http://127.0.0.1:8443", "http://127.0.0.1:8443/NES_DPS"),
        ("http://[::1]:8443/nes", "http://[::1]:8443/nes"),
    ] {
        assert_eq!(service_url(text, "NES_DPS").unwrap(), url, "{text}");
    }
    for text in [
        "http://nes.example.com/nes",
        "ftp://nes.example.com",
        "",
        "https://",
        "https://user@host/nes",
        "https://host/nes?x=1",
    ] {
        let error = service_url(text, "nes").unwrap_err();
        assert_eq!(
            error.status,
            nymi_core::message::Status::INVALID_FIELD,
            "{text}"
        );
    }
}
