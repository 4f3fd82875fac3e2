//! Applications that speak TLS otherwise than a session has it.

use std::io::Write as _;
use std::sync::Arc;

use nymi_core::band::session::{BandOperation, SessionRequest, session_frame};
use nymi_core::band::{BandReply, BandRequest};
use nymi_session::ALPN;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

use crate::pki::Application;
use crate::session::Scene;
use crate::terminal::Bands as _;

/// Believes any band: what is under test is whom the band believes.
#[derive(Debug)]
struct AnyBand {
    raw_key: bool,
}

impl ServerCertVerifier for AnyBand {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.raw_key
    }
}

/// How an application speaks.
struct Speaks {
    tls13: bool,
    alpn: Option<&'static [u8]>,
    raw_key: bool,
    certificate: bool,
}

const RIGHT: Speaks = Speaks {
    tls13: true,
    alpn: Some(ALPN),
    raw_key: true,
    certificate: true,
};

impl Speaks {
    fn connect(&self, application: &Application) -> ClientConnection {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let version = if self.tls13 {
            &rustls::version::TLS13
        } else {
            &rustls::version::TLS12
        };
        let verifier = AnyBand {
            raw_key: self.raw_key,
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = if self.certificate {
            let chain = application.chain.iter().cloned().map(CertificateDer::from);
            let key = PrivateKeyDer::Pkcs8(application.key.to_pkcs8_der().to_vec().into());
            config.with_client_auth_cert(chain.collect(), key).unwrap()
        } else {
            config.with_no_client_auth()
        };
        config.alpn_protocols = self.alpn.iter().map(|alpn| alpn.to_vec()).collect();
        let name = ServerName::try_from("band").unwrap();
        ClientConnection::new(Arc::new(config), name).unwrap()
    }
}

/// The band's last word to an application that asks for random bytes: at its hello, or at the request.
fn asked(speaks: &Speaks) -> (usize, BandReply) {
    let mut scene = Scene::new();
    let mut connection = speaks.connect(&scene.records);
    for sequence in 0.. {
        if !connection.is_handshaking() {
            let random = BandOperation::Random { length: 16 };
            let request = SessionRequest::Perform(random).to_bytes();
            let frame = session_frame(&request).unwrap();
            connection.writer().write_all(&frame).unwrap();
        }
        let last = !connection.is_handshaking();
        let mut records = Vec::new();
        while connection.wants_write() {
            connection.write_tls(&mut records).unwrap();
        }
        let id = [1; 16];
        let reply = scene.bench.ask(&BandRequest::Session {
            id,
            sequence,
            records,
        });
        match &reply {
            BandReply::Session { records } if !last => {
                let mut records = records.as_slice();
                while !records.is_empty() {
                    connection.read_tls(&mut records).unwrap();
                    connection.process_new_packets().unwrap();
                }
            }
            _ => return (sequence as usize, reply),
        }
    }
    unreachable!("the band refuses or answers")
}

#[test]
fn whoever_speaks_as_it_should_is_answered() {
    let (messages, reply) = asked(&RIGHT);
    assert_eq!(messages, 1);
    assert!(matches!(reply, BandReply::Session { .. }), "{reply:?}");
}

#[test]
fn whoever_speaks_otherwise_is_refused() {
    for (what, speaks) in [
        (
            "an older version",
            Speaks {
                tls13: false,
                ..RIGHT
            },
        ),
        (
            "no protocol",
            Speaks {
                alpn: None,
                ..RIGHT
            },
        ),
        (
            "another protocol",
            Speaks {
                alpn: Some(b"http/1.1"),
                ..RIGHT
            },
        ),
        (
            "no raw key",
            Speaks {
                raw_key: false,
                ..RIGHT
            },
        ),
        (
            "no certificate",
            Speaks {
                certificate: false,
                ..RIGHT
            },
        ),
    ] {
        let (_, reply) = asked(&speaks);
        let BandReply::Refused { status, .. } = reply else {
            panic!("{what}: {reply:?}")
        };
        assert_eq!(status, 3026, "{what}");
    }
}
