//! The other two verifiers, each set up to do the same work.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nymi_core::chain::pem;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring::ECDSA_P256_SHA256};

use super::chain::Case;
use crate::chain_writer::NOW;

/// Accepted, or refused with these words.
pub(super) type Verdict = Result<(), String>;

pub(super) fn webpki(case: &Case) -> Verdict {
    let anchor = CertificateDer::from(case.anchor.as_slice());
    let leaf = CertificateDer::from(case.leaf.as_slice());
    let intermediates: Vec<_> = case
        .intermediates
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let verified = || {
        let anchor = anchor_from_trusted_cert(&anchor)?;
        EndEntityCert::try_from(&leaf)?.verify_for_usage(
            &[ECDSA_P256_SHA256],
            &[anchor],
            &intermediates,
            UnixTime::since_unix_epoch(Duration::from_millis(NOW.0 as u64)),
            KeyUsage::client_auth(),
            None,
            None,
        )?;
        Ok(())
    };
    verified().map_err(|error: webpki::Error| format!("{error:?}"))
}

/// `openssl verify -x509_strict`, once for all cases that differ in the leaf alone.
pub(super) fn openssl(cases: &[Case]) -> Vec<Verdict> {
    let mut groups: BTreeMap<Above<'_>, Vec<usize>> = BTreeMap::new();
    for (number, case) in cases.iter().enumerate() {
        groups
            .entry((&case.anchor, &case.intermediates))
            .or_default()
            .push(number);
    }
    let groups: Vec<_> = groups.into_iter().collect();
    let mut verdicts = vec![Err(String::new()); cases.len()];
    let (left, right) = groups.split_at(groups.len() / 2);
    let run = |groups: &[_]| {
        groups
            .iter()
            .flat_map(|group| verify(cases, group))
            .collect()
    };
    let (left, right): (Vec<_>, Vec<_>) = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(right));
        (run(left), other.join().unwrap())
    });
    for (number, verdict) in left.into_iter().chain(right) {
        verdicts[number] = verdict;
    }
    verdicts
}

/// Anchor and intermediates.
type Above<'a> = (&'a [u8], &'a [Vec<u8>]);

/// The cases that differ in the leaf alone.
type Group<'a> = (Above<'a>, Vec<usize>);

fn verify(cases: &[Case], ((anchor, intermediates), members): &Group<'_>) -> Vec<(usize, Verdict)> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, list: &[Vec<u8>]| {
        let text: String = list
            .iter()
            .map(|der| pem::encode("CERTIFICATE", der))
            .collect();
        std::fs::write(folder.path().join(name), text).unwrap();
    };
    write("anchor", &[anchor.to_vec()]);
    write("others", intermediates);
    let mut command = Command::new("openssl");
    command
        .args([
            "verify",
            "-x509_strict",
            "-policy_check",
            "-purpose",
            "sslclient",
        ])
        .args(["-attime", &(NOW.0 / 1000).to_string()])
        .args(["-no-CApath", "-no-CAstore", "-CAfile", "anchor"]);
    if !intermediates.is_empty() {
        command.args(["-untrusted", "others"]);
    }
    for number in members {
        let mut name = String::from("leaf");
        write!(name, "{number}").unwrap();
        write(&name, std::slice::from_ref(&cases[*number].leaf));
        command.arg(name);
    }
    let said = output(&mut command, folder.path());
    members
        .iter()
        .map(|number| (*number, verdict(&said, &format!("leaf{number}"))))
        .collect()
}

pub(super) fn output(command: &mut Command, folder: &Path) -> String {
    let output = command
        .current_dir(folder)
        .env("LC_ALL", "C")
        .output()
        .expect("openssl is installed (Debian: openssl)");
    // Outcomes of acceptance go to one stream, of refusal to the other, each in order.
    [output.stdout, output.stderr]
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .concat()
}

/// What was said of this file: `name: OK`, that it can't be read, or errors and then
/// `error name: verification failed`.
pub(super) fn verdict(said: &str, name: &str) -> Verdict {
    let mut errors: Vec<&str> = vec![];
    for line in said.lines() {
        if line == format!("{name}: OK") {
            return Ok(());
        }
        if line.starts_with("Could not read certificate") && line.ends_with(&format!(" {name}")) {
            return Err(line.to_owned());
        }
        if line.contains(": verification failed") {
            if line == format!("error {name}: verification failed") {
                return Err(errors.join("; "));
            }
            errors.clear();
        } else if line.starts_with("error ") {
            errors.push(line);
        }
    }
    Err(said.to_owned())
}
