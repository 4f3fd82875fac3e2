//! `nymi cert show`: what certificates say, read by nymi-core and, for a second opinion, by x509-parser.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use nymi_core::UnixMillis;
use nymi_core::chain::oid::Oid;
use nymi_core::chain::{Certificate, Grade, Role, pem};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use x509_parser::extensions::{ExtendedKeyUsage, GeneralSubtree, ParsedExtension};
use x509_parser::oid_registry::Oid as ParsedOid;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use crate::args::ShowArgs;
use crate::error::CliError;
use crate::output::print;
use crate::shown::plain;

/// The largest file looked into, in bytes: more than any chain has.
const MAX_FILE: u64 = 1024 * 1024;

/// Prints each certificate; exit code 0 if both readers agree on all, 1 if not, 2 if there is none.
pub(crate) fn show(args: &ShowArgs) -> ExitCode {
    let found = match certificates(&args.file) {
        Ok(found) => found,
        Err(error) => {
            eprintln!("nymi: {error}");
            return ExitCode::from(2);
        }
    };
    let opinions: Vec<Opinions> = found.iter().map(|der| Opinions::of(der)).collect();
    let printed = print(|out| {
        if args.json {
            let all: Vec<Value> = opinions.iter().map(Opinions::json).collect();
            return writeln!(out, "{}", json!({"certificates": all}));
        }
        let mut all = opinions.iter().enumerate();
        all.try_for_each(|(number, one)| one.write(out, number))
    });
    if let Err(error) = printed {
        eprintln!("nymi: {error}");
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(!opinions.iter().all(Opinions::agree)))
}

/// The certificates of a file, in DER.
fn certificates(file: &Path) -> Result<Vec<Vec<u8>>, CliError> {
    let is_stdin = file.as_os_str() == "-";
    let about = |error: String| match is_stdin {
        true => CliError::about("standard input", error),
        false => CliError::about(file.display(), error),
    };
    let bytes = read(file, is_stdin).map_err(|error| about(error.to_string()))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(about(
            "it is larger than 1 MiB; give certificates alone".into(),
        ));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => pem::decode(text, "CERTIFICATE").map_err(|error| about(error.to_string())),
        // Version 3 of PKCS#12 stands where a certificate has its signed part (RFC 7292, 4).
        Err(_) if X509Certificate::from_der(&bytes).is_err() && holds_pkcs12(&bytes) => Err(about(
            "it is a PKCS#12 file; take the certificates out with: openssl pkcs12 -in FILE -nokeys"
                .into(),
        )),
        Err(_) => Ok(vec![bytes]),
    }
}

fn read(file: &Path, is_stdin: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let source: Box<dyn Read> = match is_stdin {
        true => Box::new(io::stdin()),
        false => Box::new(fs::File::open(file)?),
    };
    source.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A SEQUENCE whose first element is INTEGER 3.
fn holds_pkcs12(der: &[u8]) -> bool {
    let head = match der {
        [0x30, length, ..] if *length > 0x80 => 2 + usize::from(length & 0x7f),
        [0x30, ..] => 2,
        _ => return false,
    };
    der.get(head..)
        .is_some_and(|rest| rest.starts_with(&[2, 1, 3]))
}

/// Something that both readers understand, as each has it.
struct Field {
    name: &'static str,
    ours: Value,
    theirs: Value,
}

/// What x509-parser alone tells.
#[derive(Default)]
struct More {
    key_usage: Option<String>,
    purposes: Vec<String>,
    policies: Vec<String>,
    alternative_names: Vec<String>,
    permitted: Vec<String>,
    excluded: Vec<String>,
}

/// One certificate, read twice.
struct Opinions {
    sha256: String,
    spki_sha256: Option<String>,
    /// Why nymi-core does not read it.
    refused: Option<String>,
    /// Why x509-parser does not read it.
    refused_there: Option<String>,
    fields: Vec<Field>,
    more: More,
}

impl Opinions {
    fn of(der: &[u8]) -> Self {
        let ours = Certificate::from_der(der);
        let theirs = X509Certificate::from_der(der)
            .map_err(|error| error.to_string())
            .and_then(|(rest, certificate)| match rest {
                [] => Ok(certificate),
                _ => Err(format!("{} bytes follow the certificate", rest.len())),
            })
            .and_then(|certificate| More::of(&certificate).map(|more| (certificate, more)));
        let there = theirs.as_ref().ok().map(|(certificate, _)| certificate);
        let ours_read = ours
            .as_ref()
            .ok()
            .map(|ours| Vec::from(of_ours(ours, there)));
        let theirs_read = there.map(|theirs| Vec::from(of_theirs(theirs)));
        let fields = NAMES.iter().enumerate().map(|(place, name)| {
            let value = |reading: &Option<Vec<Value>>| {
                reading
                    .as_ref()
                    .map_or(Value::Null, |reading| reading[place].clone())
            };
            Field {
                name,
                ours: value(&ours_read),
                theirs: value(&theirs_read),
            }
        });
        Self {
            sha256: hex::encode(Sha256::digest(der)),
            spki_sha256: ours
                .as_ref()
                .ok()
                .map(|certificate| hex::encode(Sha256::digest(certificate.spki_der()))),
            fields: fields.collect(),
            refused: ours
                .err()
                .map(|error| format!("{error} (nsl {})", error.number())),
            refused_there: theirs.as_ref().err().cloned(),
            more: theirs.map(|(_, more)| more).unwrap_or_default(),
        }
    }

    fn is_read_by_both(&self) -> bool {
        self.refused.is_none() && self.refused_there.is_none()
    }

    fn disagreements(&self) -> impl Iterator<Item = &Field> {
        let both = self.is_read_by_both();
        self.fields
            .iter()
            .filter(move |field| both && field.ours != field.theirs)
    }

    fn agree(&self) -> bool {
        self.is_read_by_both() && self.disagreements().next().is_none()
    }

    /// What is known of a field: as nymi-core has it, or else as x509-parser has.
    fn value<'a>(&self, field: &'a Field) -> &'a Value {
        match self.refused {
            None => &field.ours,
            Some(_) => &field.theirs,
        }
    }

    fn json(&self) -> Value {
        let mut shown = json!({
            "sha256": self.sha256,
            "spki_sha256": self.spki_sha256,
            "refused_by_nymi_core": self.refused,
            "refused_by_x509_parser": self.refused_there,
            "key_usage": self.more.key_usage,
            "purposes": self.more.purposes,
            "policies": self.more.policies,
            "alternative_names": self.more.alternative_names,
            "name_constraints": {"permitted": self.more.permitted, "excluded": self.more.excluded},
        });
        for field in &self.fields {
            shown[field.name] = self.value(field).clone();
        }
        let differ = |field: &Field| json!({"field": field.name, "nymi_core": field.ours, "x509_parser": field.theirs});
        shown["disagreements"] = self.disagreements().map(differ).collect();
        shown
    }

    fn write(&self, out: &mut impl Write, number: usize) -> io::Result<()> {
        writeln!(out, "certificate {number}")?;
        for field in &self.fields {
            line(out, field.name, &text(self.value(field)))?;
        }
        line(
            out,
            "key_usage",
            self.more.key_usage.as_deref().unwrap_or(""),
        )?;
        line(out, "purposes", &self.more.purposes.join(", "))?;
        line(out, "policies", &self.more.policies.join(", "))?;
        line(out, "names", &self.more.alternative_names.join(", "))?;
        line(out, "permitted", &self.more.permitted.join(", "))?;
        line(out, "excluded", &self.more.excluded.join(", "))?;
        line(out, "sha256", &self.sha256)?;
        line(
            out,
            "spki_sha256",
            self.spki_sha256.as_deref().unwrap_or(""),
        )?;
        if let Some(why) = &self.refused {
            writeln!(out, "  nymi-core refuses it: {}", plain(why))?;
        }
        if let Some(why) = &self.refused_there {
            writeln!(out, "  x509-parser refuses it: {}", plain(why))?;
        }
        for field in self.disagreements() {
            let (name, theirs) = (field.name, plain(&text(&field.theirs)));
            writeln!(out, "  x509-parser disagrees: {name} is {theirs}")?;
        }
        if self.agree() {
            writeln!(out, "  x509-parser agrees")?;
        }
        Ok(())
    }
}

/// A line of the report; nothing for what the certificate does not have.
fn line(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    if value.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {name:<12} {}", plain(value))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// What both readers are asked, in the order of the report.
const NAMES: [&str; 10] = [
    "subject",
    "issuer",
    "serial",
    "not_before",
    "not_after",
    "key",
    "ca",
    "path_length",
    "grades",
    "roles",
];

/// A name as nymi-core has it. The texts that the two readers make of one are not comparable, and that of
/// nymi-core leaves out what a log must not have; so the same octets have the text of x509-parser.
fn name(der: &[u8], display: String, theirs: Option<&X509Name<'_>>) -> Value {
    match theirs.filter(|theirs| theirs.as_raw() == der) {
        Some(theirs) => json!(theirs.to_string()),
        None => json!(display),
    }
}

fn grades(has: impl Fn(Oid) -> bool) -> Value {
    let grades = [Grade::Gold, Grade::Bronze].into_iter();
    let stated = grades.filter(|grade| has(grade.oid()));
    stated.map(|grade| grade.to_string()).collect()
}

fn of_ours(
    certificate: &Certificate,
    theirs: Option<&X509Certificate<'_>>,
) -> [Value; NAMES.len()] {
    let (subject, issuer) = (certificate.subject_der(), certificate.issuer_der());
    let key = match certificate.public_key() {
        Some(key) => format!("P-256 {}", hex::encode(key.as_uncompressed())),
        None => "not P-256".to_owned(),
    };
    let roles = Role::ALL
        .into_iter()
        .filter(|role| certificate.has_role(*role));
    [
        name(
            subject,
            certificate.subject_display(),
            theirs.map(|theirs| theirs.subject()),
        ),
        name(
            issuer,
            certificate.issuer_display(),
            theirs.map(|theirs| theirs.issuer()),
        ),
        json!(certificate.serial_hex()),
        json!(certificate.not_before().to_string()),
        json!(certificate.not_after().to_string()),
        json!(key),
        json!(certificate.is_ca()),
        json!(certificate.path_length()),
        grades(|policy| certificate.has_policy(policy)),
        roles.map(|role| role.to_string()).collect(),
    ]
}

fn of_theirs(certificate: &X509Certificate<'_>) -> [Value; NAMES.len()] {
    let time = |time: i64| json!(UnixMillis::from_secs(time).to_string());
    let (validity, constraints) = (certificate.validity(), certificate.basic_constraints());
    let constraints = constraints.ok().flatten().map(|found| found.value);
    let purposes = certificate.extended_key_usage().ok().flatten();
    let has = |role: Role| {
        let listed = |purposes: &ExtendedKeyUsage<'_>| {
            let mut other = purposes.other.iter();
            other.any(|id| id.as_bytes() == role.oid().content())
        };
        purposes.as_ref().is_some_and(|found| listed(found.value))
    };
    let serial = certificate.raw_serial();
    [
        json!(certificate.subject().to_string()),
        json!(certificate.issuer().to_string()),
        json!(hex::encode(serial.strip_prefix(&[0]).unwrap_or(serial))),
        time(validity.not_before.timestamp()),
        time(validity.not_after.timestamp()),
        json!(key(certificate)),
        json!(constraints.is_some_and(|found| found.ca)),
        json!(constraints.and_then(|found| found.path_len_constraint)),
        grades(|policy| policies(certificate).any(|id| id.as_bytes() == policy.content())),
        Role::ALL
            .into_iter()
            .filter(|role| has(*role))
            .map(|role| role.to_string())
            .collect(),
    ]
}

/// An uncompressed P-256 key, or that it is none.
fn key(certificate: &X509Certificate<'_>) -> String {
    /// id-ecPublicKey and prime256v1 (RFC 5480, 2.1.1).
    const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let info = certificate.public_key();
    let curve = info.algorithm.parameters.as_ref();
    let is_p256 =
        info.algorithm.algorithm.as_bytes() == EC && curve.is_some_and(|curve| curve.data == P256);
    match is_p256 {
        true => format!("P-256 {}", hex::encode(&info.subject_public_key.data)),
        false => "not P-256".to_owned(),
    }
}

fn policies<'a>(certificate: &'a X509Certificate<'_>) -> impl Iterator<Item = &'a ParsedOid<'a>> {
    certificate
        .iter_extensions()
        .filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::CertificatePolicies(policies) => Some(policies),
            _ => None,
        })
        .flatten()
        .map(|policy| &policy.policy_id)
}

fn purposes(found: &ExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (found.any, "any"),
        (found.server_auth, "serverAuth"),
        (found.client_auth, "clientAuth"),
        (found.code_signing, "codeSigning"),
        (found.email_protection, "emailProtection"),
        (found.time_stamping, "timeStamping"),
        (found.ocsp_signing, "OCSPSigning"),
    ];
    let stated = known.into_iter().filter(|(is_there, _)| *is_there);
    let named = stated.map(|(_, name)| name.to_owned());
    named
        .chain(found.other.iter().map(ToString::to_string))
        .collect()
}

impl More {
    fn of(certificate: &X509Certificate<'_>) -> Result<Self, String> {
        let wrong = |error: x509_parser::error::X509Error| error.to_string();
        let usage = certificate.key_usage().map_err(wrong)?;
        let extended = certificate.extended_key_usage().map_err(wrong)?;
        let names = certificate.subject_alternative_name().map_err(wrong)?;
        let constraints = certificate.name_constraints().map_err(wrong)?;
        certificate.basic_constraints().map_err(wrong)?;
        let subtrees = |list: Option<&Vec<GeneralSubtree<'_>>>| {
            let list = list.into_iter().flatten();
            list.map(|subtree| subtree.base.to_string()).collect()
        };
        let constraints = constraints.map(|found| found.value);
        Ok(Self {
            key_usage: usage.map(|usage| usage.value.to_string()),
            purposes: extended
                .map(|found| purposes(found.value))
                .unwrap_or_default(),
            policies: policies(certificate).map(ToString::to_string).collect(),
            alternative_names: names
                .map(|found| {
                    found
                        .value
                        .general_names
                        .iter()
                        .map(ToString::to_string)
                        .collect()
                })
                .unwrap_or_default(),
            permitted: subtrees(constraints.and_then(|found| found.permitted_subtrees.as_ref())),
            excluded: subtrees(constraints.and_then(|found| found.excluded_subtrees.as_ref())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_between_the_readers_is_named() {
        let text = include_str!("../../nymi-core/tests/vectors/enterprise/l2.pem");
        let der = pem::decode(text, "CERTIFICATE").unwrap().remove(0);
        let mut opinions = Opinions::of(&der);
        assert!(opinions.agree());
        let place = NAMES
            .iter()
            .position(|name| *name == "path_length")
            .unwrap();
        opinions.fields[place].theirs = json!(1);
        assert!(!opinions.agree());
        let differing = json!([{"field": "path_length", "nymi_core": 0, "x509_parser": 1}]);
        assert_eq!(opinions.json()["disagreements"], differing);
        assert_eq!(opinions.json()["path_length"], 0, "as nymi-core reads it");
    }
}
