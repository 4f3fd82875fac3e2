//! Runs certificate chains in the format of C2SP/x509-limbo through the validator of the core.
//!
//! The mapping: `trusted_certs` are the pinned anchors; `peer_certificate` and
//! `untrusted_intermediates` are what was presented; the moment is `validation_time`, else now; the
//! depth is `max_chain_depth`, else 8; the key purpose is the case's, else serverAuth or clientAuth
//! by `validation_kind`, and a leaf without extendedKeyUsage has every purpose. No grade, no role, and
//! names of peers are not looked at. Where CRLs are given, the status of every certificate must be
//! known. Under the profile `conforming`, certificates are held to section 4 of RFC 5280 too, and a CA
//! may stand at the end of a path, as the suite has it; under `path`, everything is as components of the
//! platform ask for it.
//!
//! A file of exceptions (TOML) names cases whose expected result does not apply to this validator,
//! each with its reason, and with a profile if it is an exception under that alone. An excepted case that
//! has the expected result after all is an error as well; one that the file does not have is noted, since
//! the same list may be for another part of the suite.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use nymi_core::UnixMillis;
use nymi_core::chain::oid::{self, Oid};
use nymi_core::chain::{
    Crl, GradeRequirement, MAX_DEPTH, PolicyInputs, Profile, Purpose, Requirements, Revocation,
    TrustAnchor, pem, verify,
};
use nymi_crypto_ring::RingVerifier;
use serde::Deserialize;
use serde_json::json;

use super::{CheckError, read};
use crate::output;

#[derive(Deserialize)]
struct Limbo {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    #[serde(default)]
    validation_kind: String,
    trusted_certs: Vec<String>,
    #[serde(default)]
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<UnixMillis>,
    extended_key_usage: Option<Vec<String>>,
    expected_result: Outcome,
    max_chain_depth: Option<u64>,
    crls: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Outcome {
    Success,
    Failure,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    #[serde(default)]
    exception: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    id: String,
    reason: String,
    /// None: under both.
    profile: Option<LimboProfile>,
}

/// Which rules certificates are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LimboProfile {
    /// Paths (RFC 5280, 6) and what section 4 obliges issuers to
    Conforming,
    /// Paths alone: what components of the platform ask for
    Path,
}

/// What certificates are held to in every case.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// How much of RFC 5280.
    pub profile: LimboProfile,
    /// Which certificate policies.
    pub policies: PolicyInputs<'a>,
}

impl<'a> Rules<'a> {
    fn apply(self, requirements: Requirements<'a>) -> Requirements<'a> {
        let requirements = requirements.with_policies(self.policies);
        match self.profile {
            LimboProfile::Conforming => requirements
                .with_profile(Profile::Conforming)
                .with_ca_leaf(true),
            LimboProfile::Path => requirements,
        }
    }
}

/// A run that could not take place.
#[derive(Debug, thiserror::Error)]
enum LimboError {
    #[error(transparent)]
    Vectors(#[from] CheckError),
    #[error("{file}: cannot be read: {source}")]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{file}: not a list of exceptions ([[exception]] with id and reason): {source}")]
    Exceptions {
        file: PathBuf,
        source: toml::de::Error,
    },
    #[error("{file}: the exception {id} is there twice, or has no reason: give each one reason")]
    Reason { file: PathBuf, id: String },
    #[error("{0}: holds no cases")]
    Empty(PathBuf),
}

/// What a run found.
#[derive(Default)]
struct Findings {
    cases: Vec<Finding>,
    agreed: usize,
    excepted: usize,
    /// How many neither agree nor are excepted.
    wrong: usize,
    /// Exceptions for cases that the file does not have.
    missing: Vec<String>,
}

/// What was found of one case.
struct Finding {
    id: String,
    found: Outcome,
    /// Why the validator refused it.
    error: Option<String>,
    /// Why it is counted as wrong.
    complaint: Option<String>,
}

/// Runs the file and prints mismatches and totals (or one JSON line for each case); exit code 1 on
/// a mismatch that is not excepted and on an exception that is none, 2 if a file cannot be used.
pub fn run(file: &Path, rules: Rules<'_>, exceptions: Option<&Path>, json: bool) -> ExitCode {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    let now = UnixMillis(i64::try_from(now).unwrap_or(i64::MAX));
    let findings = exceptions
        .map_or(Ok(BTreeMap::new()), |file| {
            read_exceptions(file, rules.profile)
        })
        .and_then(|exceptions| findings(file, rules, &exceptions, now));
    let findings = match findings {
        Ok(findings) => findings,
        Err(error) => {
            eprintln!("nymi: {error}");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = output::print(|out| findings.write(json, out)) {
        eprintln!("nymi: {error}");
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(findings.wrong > 0))
}

fn findings(
    file: &Path,
    rules: Rules<'_>,
    exceptions: &BTreeMap<String, String>,
    now: UnixMillis,
) -> Result<Findings, LimboError> {
    let limbo: Limbo = read(file)?;
    if limbo.testcases.is_empty() {
        return Err(LimboError::Empty(file.to_owned()));
    }
    let mut findings = Findings::default();
    for case in &limbo.testcases {
        findings.add(
            case,
            check(case, rules, now),
            exceptions.contains_key(&case.id),
        );
    }
    let cases: BTreeSet<&str> = limbo
        .testcases
        .iter()
        .map(|case| case.id.as_str())
        .collect();
    let is_missing = |id: &&String| !cases.contains(id.as_str());
    findings.missing = exceptions.keys().filter(is_missing).cloned().collect();
    Ok(findings)
}

impl Findings {
    fn add(&mut self, case: &Case, result: Result<(), String>, is_excepted: bool) {
        let error = result.err();
        let found = match error {
            None => Outcome::Success,
            Some(_) => Outcome::Failure,
        };
        let detail = error.as_deref().unwrap_or("accepted");
        let expected = case.expected_result.name();
        let complaint = match (found == case.expected_result, is_excepted) {
            (true, false) => {
                self.agreed += 1;
                None
            }
            (false, true) => {
                self.excepted += 1;
                None
            }
            (false, false) => Some(format!("expected {expected}: {detail}")),
            (true, true) => Some(format!("is an exception, yet {expected}: {detail}")),
        };
        self.wrong += usize::from(complaint.is_some());
        self.cases.push(Finding {
            id: case.id.clone(),
            found,
            error,
            complaint,
        });
    }

    fn write(&self, json: bool, out: &mut dyn Write) -> io::Result<()> {
        if json {
            return self.cases.iter().try_for_each(|case| {
                let line = json!({"id": case.id, "result": case.found.name(), "error": case.error});
                writeln!(out, "{line}")
            });
        }
        for case in &self.cases {
            if let Some(complaint) = &case.complaint {
                writeln!(out, "mismatch: {}: {complaint}", case.id)?;
            }
        }
        if !self.missing.is_empty() {
            let missing = self.missing.join(", ");
            writeln!(
                out,
                "note: exceptions for cases that are not in this file: {missing}"
            )?;
        }
        let Self {
            agreed,
            excepted,
            wrong,
            ..
        } = self;
        writeln!(
            out,
            "{agreed} agree, {excepted} are excepted, {wrong} do not agree"
        )
    }
}

/// The exceptions under this profile.
fn read_exceptions(
    file: &Path,
    profile: LimboProfile,
) -> Result<BTreeMap<String, String>, LimboError> {
    let text = fs::read_to_string(file).map_err(|source| LimboError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    let list: Exceptions = toml::from_str(&text).map_err(|source| LimboError::Exceptions {
        file: file.to_owned(),
        source,
    })?;
    let mut exceptions = BTreeMap::new();
    for exception in list.exception {
        let Exception { id, reason, .. } = exception;
        let missing = reason.trim().is_empty();
        let is_here = exception.profile.is_none_or(|only| only == profile);
        if missing || is_here && exceptions.insert(id.clone(), reason).is_some() {
            return Err(LimboError::Reason {
                file: file.to_owned(),
                id,
            });
        }
    }
    Ok(exceptions)
}

/// Whether the validator accepts the case; the error is its sentence.
fn check(case: &Case, rules: Rules<'_>, now: UnixMillis) -> Result<(), String> {
    let (anchors, bad_anchor) = anchors(&case.trusted_certs);
    let mut crls = Vec::new();
    let lists = case.crls.as_deref().unwrap_or_default();
    for text in lists {
        // A list that cannot be read leaves the status of its certificates unknown.
        crls.extend(Crl::from_pem(text).unwrap_or_default());
    }
    let mut presented = certificates(&case.peer_certificate)?;
    presented.truncate(1);
    for text in &case.untrusted_intermediates {
        presented.extend(certificates(text)?);
    }
    let presented: Vec<&[u8]> = presented.iter().map(Vec::as_slice).collect();
    let revocation = if lists.is_empty() {
        Revocation::WhereCovered
    } else {
        Revocation::Required
    };
    let depth = case
        .max_chain_depth
        .map_or(MAX_DEPTH, |depth| u8::try_from(depth).unwrap_or(u8::MAX));
    let requirements = Requirements::new(GradeRequirement::Any)
        .with_max_depth(depth)
        .with_crls(&crls)
        .with_revocation(revocation);
    let requirements = rules.apply(requirements);
    let at = case.validation_time.unwrap_or(now);
    for purpose in purposes(case)? {
        let requirements = requirements.with_purpose(purpose);
        verify(&RingVerifier, &anchors, &presented, at, &requirements).map_err(|error| {
            match &bad_anchor {
                Some(reason) if anchors.is_empty() => format!("trusted certificate: {reason}"),
                _ => format!("{}: {error}", error.log_line()),
            }
        })?;
    }
    Ok(())
}

/// The anchors that can be read, and why the last that cannot could not.
fn anchors(texts: &[String]) -> (Vec<TrustAnchor>, Option<String>) {
    let (mut anchors, mut bad) = (Vec::new(), None);
    for text in texts {
        match TrustAnchor::from_pem(text) {
            Ok(anchor) => anchors.push(anchor),
            Err(error) => bad = Some(error.to_string()),
        }
    }
    (anchors, bad)
}

fn certificates(text: &str) -> Result<Vec<Vec<u8>>, String> {
    pem::decode(text, "CERTIFICATE").map_err(|error| error.to_string())
}

fn purposes(case: &Case) -> Result<Vec<Purpose>, String> {
    let wanted = case.extended_key_usage.as_deref().unwrap_or_default();
    if wanted.is_empty() {
        let default = if case.validation_kind == "CLIENT" {
            oid::CLIENT_AUTH
        } else {
            oid::SERVER_AUTH
        };
        return Ok(vec![Purpose::KeyPurpose(default)]);
    }
    wanted.iter().map(|name| purpose(name)).collect()
}

fn purpose(name: &str) -> Result<Purpose, String> {
    let known: &[(&str, Oid)] = &[
        ("serverAuth", oid::SERVER_AUTH),
        ("clientAuth", oid::CLIENT_AUTH),
        ("codeSigning", oid::CODE_SIGNING),
        ("emailProtection", oid::EMAIL_PROTECTION),
        ("timeStamping", oid::TIME_STAMPING),
        ("OCSPSigning", oid::OCSP_SIGNING),
    ];
    if name == "anyExtendedKeyUsage" {
        return Ok(Purpose::Any);
    }
    let found = known.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, oid)| Purpose::KeyPurpose(*oid))
        .ok_or_else(|| format!("the key purpose {name} is not known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A case whose certificates cannot be read, so that it always fails.
    fn case(id: &str, expected: &str) -> serde_json::Value {
        json!({
            "id": id, "validation_kind": "SERVER", "trusted_certs": [], "untrusted_intermediates": [],
            "peer_certificate": "", "validation_time": "2024-01-01T00:00:00+00:00",
            "extended_key_usage": [], "expected_result": expected, "max_chain_depth": null,
            "crls": [],
        })
    }

    fn run_cases(
        cases: &[serde_json::Value],
        exceptions: &str,
        json: bool,
    ) -> (Result<bool, LimboError>, String) {
        let dir = tempfile::tempdir().unwrap();
        let (file, list) = (
            dir.path().join("limbo.json"),
            dir.path().join("exceptions.toml"),
        );
        fs::write(&file, json!({"testcases": cases}).to_string()).unwrap();
        fs::write(&list, exceptions).unwrap();
        let mut out = Vec::new();
        let rules = Rules {
            profile: LimboProfile::Path,
            policies: PolicyInputs::new(),
        };
        let result = read_exceptions(&list, rules.profile)
            .and_then(|exceptions| findings(&file, rules, &exceptions, UnixMillis(0)))
            .map(|findings| {
                findings.write(json, &mut out).unwrap();
                findings.wrong == 0
            });
        (result, String::from_utf8(out).unwrap())
    }

    #[test]
    fn mismatches_and_needless_exceptions_fail() {
        let cases = [case("agrees", "FAILURE"), case("differs", "SUCCESS")];
        let (result, out) = run_cases(&cases, "", false);
        assert!(!result.unwrap());
        assert!(out.contains("mismatch: differs: expected SUCCESS"), "{out}");
        assert!(
            out.contains("1 agree, 0 are excepted, 1 do not agree"),
            "{out}"
        );
        let excepted = "[[exception]]\nid = \"differs\"\nreason = \"test\"\n";
        let (result, out) = run_cases(&cases, excepted, false);
        assert!(result.unwrap(), "{out}");
        let needless = "[[exception]]\nid = \"agrees\"\nreason = \"test\"\n";
        let (result, out) = run_cases(&cases[..1], needless, false);
        assert!(!result.unwrap());
        assert!(
            out.contains("agrees: is an exception, yet FAILURE"),
            "{out}"
        );
    }

    #[test]
    fn an_exception_may_be_of_one_profile() {
        let cases = [case("differs", "SUCCESS")];
        let of = |profile| {
            format!("[[exception]]\nid = \"differs\"\nreason = \"test\"\nprofile = \"{profile}\"\n")
        };
        assert!(run_cases(&cases, &of("path"), false).0.unwrap());
        assert!(!run_cases(&cases, &of("conforming"), false).0.unwrap());
        let both = of("path") + &of("conforming");
        assert!(run_cases(&cases, &both, false).0.unwrap());
        let twice = of("path") + &of("path");
        let (result, _) = run_cases(&cases, &twice, false);
        assert!(matches!(result, Err(LimboError::Reason { .. })));
        let (result, _) = run_cases(&cases, &of("other"), false);
        assert!(matches!(result, Err(LimboError::Exceptions { .. })));
    }

    #[test]
    fn exceptions_for_other_cases_are_noted() {
        let other = "[[exception]]\nid = \"not::here\"\nreason = \"test\"\n";
        let (result, out) = run_cases(&[case("agrees", "FAILURE")], other, false);
        assert!(
            result.unwrap(),
            "the other part of the suite is run with the same list"
        );
        assert!(
            out.contains("note: exceptions for cases that are not in this file: not::here\n"),
            "{out}"
        );
        let (_, out) = run_cases(&[case("agrees", "FAILURE")], "", false);
        assert!(!out.contains("note"), "{out}");
    }

    #[test]
    fn one_json_line_for_each_case() {
        let (result, out) = run_cases(&[case("differs", "SUCCESS")], "", true);
        assert!(!result.unwrap());
        let line: serde_json::Value = serde_json::from_str(out.trim()).unwrap();
        assert_eq!(
            (&line["id"], &line["result"]),
            (&json!("differs"), &json!("FAILURE"))
        );
        assert!(line["error"].is_string());
    }

    #[test]
    fn exceptions_need_a_reason_and_cases_must_be_there() {
        let silent = "[[exception]]\nid = \"x\"\nreason = \" \"\n";
        let (result, _) = run_cases(&[case("x", "SUCCESS")], silent, false);
        assert!(matches!(result, Err(LimboError::Reason { .. })));
        let (result, _) = run_cases(&[case("x", "SUCCESS")], "[[exception]]\nid = 1", false);
        assert!(matches!(result, Err(LimboError::Exceptions { .. })));
        let (result, _) = run_cases(&[], "", false);
        assert!(matches!(result, Err(LimboError::Empty(_))));
    }
}
