//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use nymi_core::UnixMillis;
use nymi_core::chain::{GradeRequirement, PolicyId, PolicyInputs};
use nymi_core::tap::AdapterKind;

use crate::check_vectors::limbo::LimboProfile;

/// Who tapped, where and when: the connected-worker platform on one machine.
#[derive(Parser)]
#[command(name = "nymi", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  nymi up                          run everything here and open the page
  nymi demo                        the whole flow without a person
  nymi tap AAAH-00001              tap a virtual band of the running system
  nymi explain 6003                what a status code means and what to do
  nymi assertion verify --l1 l1.pem --grade bronze --document record.txt \"$TOKEN\"
  nymi cert show l1.pem            what a certificate says, as two libraries read it

Set NYMI_LOG to change what is logged, for example NYMI_LOG=nymi_nes=debug.";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run server, agent, endpoint, virtual bands and a page in one process
    Up(UpArgs),
    /// Enroll, tap, assert, sign and verify without a person; exit 0 only if all of it holds
    Demo(DemoArgs),
    /// Tap a virtual band of a running `nymi up`, or tune the detection of taps
    Tap(TapArgs),
    /// Look into certificates
    #[command(subcommand)]
    Cert(CertCommand),
    /// Work with signed assertions
    #[command(subcommand)]
    Assertion(AssertionCommand),
    /// Say what a status code, event, fault code or message means and what to do
    Explain(ExplainArgs),
    /// Work with the parameters of the presence authentication code
    #[command(subcommand)]
    Pac(PacCommand),
    /// Run test vectors through the protocol core
    #[command(subcommand)]
    CheckVectors(VectorsCommand),
}

/// What `nymi up` takes.
#[derive(Args, Clone, Debug)]
#[command(after_help = UP_EXAMPLES)]
pub struct UpArgs {
    /// Keep everything in this directory [default: $XDG_DATA_HOME/nymi/up]
    #[arg(long, value_name = "DIR", conflicts_with = "ephemeral")]
    pub data: Option<PathBuf>,
    /// Keep nothing: use a temporary directory and remove it at the end
    #[arg(long)]
    pub ephemeral: bool,
    /// Open no browser; the page is served all the same
    #[arg(long)]
    pub headless: bool,
    /// Print one JSON object on the first line when everything is ready
    #[arg(long)]
    pub json: bool,
    /// Port of the agent's channel socket; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 9120)]
    pub agent_port: u16,
    /// Port of the WebAPI; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub webapi_port: u16,
    /// Port of the enterprise server; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 8443)]
    pub nes_port: u16,
    /// Port of the page; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 8000)]
    pub page_port: u16,
    /// Let pages of this origin use the WebAPI, such as http://localhost:5173; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<String>,
    /// How many virtual bands to enroll, a user each; 1 to 50
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=50))]
    pub bands: u8,
    /// Seed of the virtual radio and wrists; the same seed gives the same noise
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

impl UpArgs {
    /// A system on free ports that keeps nothing: for demonstrations and tests.
    pub fn ephemeral(seed: u64) -> Self {
        Self {
            data: None,
            ephemeral: true,
            headless: true,
            json: false,
            agent_port: 0,
            webapi_port: 0,
            nes_port: 0,
            page_port: 0,
            allow_origin: Vec::new(),
            bands: 2,
            seed,
        }
    }
}

const UP_EXAMPLES: &str = "\
Examples:
  nymi up
  nymi up --ephemeral --agent-port 0 --webapi-port 0 --nes-port 0 --page-port 0
  nymi up --data /var/lib/nymi-eval --headless --json
  nymi up --allow-origin http://localhost:5173";

#[derive(Args)]
pub(crate) struct DemoArgs {
    /// Print a JSON object for each step and one for the result
    #[arg(long)]
    pub(crate) json: bool,
    /// Seed of the virtual radio and wrists
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct TapArgs {
    #[command(subcommand)]
    pub(crate) command: Option<TapCommand>,
    /// Serial number or NymiBandID
    #[arg(required = true)]
    pub(crate) band: Option<String>,
    /// Tap on the NFC reader instead of near the Bluetooth adapter
    #[arg(long)]
    pub(crate) nfc: bool,
    /// Where the virtual hardware listens [default: that of the running `nymi up`]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) nymulator: Option<String>,
    /// The data directory of that `nymi up`
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum TapCommand {
    /// Propose tap and proximity parameters from recorded samples
    Tune(TapTuneArgs),
}

#[derive(Args)]
#[command(after_help = TAP_TUNE_NOTES)]
pub(crate) struct TapTuneArgs {
    /// Recordings (CSV) of one kind of adapter; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The settings in force [default: the defaults]
    #[arg(long, value_name = "NBE.TOML")]
    pub(crate) current: Option<PathBuf>,
    /// Whose section of nbe.toml it is: bluegiga, bleuio, native or virtual
    #[arg(long, value_name = "KIND", default_value_t = AdapterKind::Virtual)]
    pub(crate) dongle: AdapterKind,
    /// Draw the recordings under the proposed parameters: a new file whose name ends in .svg
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,
    /// Print the proposal as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const TAP_TUNE_NOTES: &str = "\
A file begins with the line
  time_ms,address,rssi,label
and holds a sample a line; labels are tap, close, far and not_tap. `nbe --record FILE` writes one.
Record at least five taps and ten seconds of what must not be one.

Examples:
  nbe --record desk.csv --band DD:34:A2:0F:0B:0D
  nymi tap tune desk.csv walk-by.csv --plot desk.svg
  nymi tap tune desk.csv --current /etc/nymi/nbe.toml --dongle bleuio --json

How to record and how to choose: docs/tap-tuning.md";

#[derive(Subcommand)]
pub(crate) enum CertCommand {
    /// Show what certificates say, as nymi-core and as x509-parser read them
    Show(ShowArgs),
}

#[derive(Args)]
#[command(after_help = SHOW_NOTES)]
pub(crate) struct ShowArgs {
    /// Certificates in PEM, or one in DER; `-` reads standard input
    pub(crate) file: PathBuf,
    /// Print them as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const SHOW_NOTES: &str = "\
Nothing is verified here: a certificate that reads well may still lead to no L1.
Exit code 0: both read every certificate, and alike; 1: one of them refuses a certificate, or they differ; \
2: the file has no certificate that can be looked into.

Examples:
  nymi cert show l1.pem
  nymi cert show --json chain.pem
  openssl pkcs12 -in fullchain.p12 -nokeys | nymi cert show -";

#[derive(Subcommand)]
pub(crate) enum AssertionCommand {
    /// Verify an assertion offline against L1 alone; exit 0 only if it holds
    Verify(VerifyArgs),
}

#[derive(Args)]
#[command(after_help = VERIFY_NOTES)]
pub(crate) struct VerifyArgs {
    /// The assertion, a compact JWS; `-` reads it from standard input
    pub(crate) token: String,
    /// The pinned root certificate, PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) l1: PathBuf,
    /// The grade that L2 must have: gold, bronze or any
    #[arg(long, default_value = "gold")]
    pub(crate) grade: GradeRequirement,
    /// Would it have been accepted then? Of a log-in: instead of now. Of a record: the certificates must be
    /// valid then, too
    #[arg(long, value_name = "RFC3339")]
    pub(crate) at: Option<UnixMillis>,
    /// Revocation lists, PEM or DER, of L1, of L2 or of both; may be repeated
    #[arg(long = "crl", value_name = "FILE")]
    pub(crate) crls: Vec<PathBuf>,
    /// The signed document; the assertion must name its SHA-256
    #[arg(long, value_name = "FILE")]
    pub(crate) document: Option<PathBuf>,
    /// The countersignature of a second person over the same document, a file with a compact JWS
    #[arg(long, value_name = "FILE", requires = "document")]
    pub(crate) countersignature: Option<PathBuf>,
    /// Require this audience
    #[arg(long, value_name = "NAME")]
    pub(crate) audience: Option<String>,
    /// Require this nonce, in a log-in for `--audience`
    #[arg(long, value_name = "TEXT", requires = "audience")]
    pub(crate) nonce: Option<String>,
    /// Require this issuer, the URL of the server
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Print the verified claims as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const VERIFY_NOTES: &str = "\
With --document this is a record check: the signature holds for ever, so its expiry does not count. The \
certificates must have been valid when the assertion was made; with --at, at that moment too.
Without it, this is a log-in check: the assertion must not have expired at the moment of the check. Give \
--audience too: without it, a log-in that was meant for another application passes.
With --countersignature, maker and checker are verified: the second token must be about exactly the first and the \
same document, by another user and not earlier. Issuer, audience, grade and lists are asked of both.
With --crl, a revoked certificate is refused, and the report says whether the lists cover all. A list counts \
from its thisUpdate to its nextUpdate: keep those of the day on which a record was signed.

Examples:
  nymi assertion verify --l1 l1.pem --audience mes --nonce n-1 - < token.jws
  nymi assertion verify --l1 l1.pem --document record.pdf --crl l1.crl --crl l2.crl - < record.jws
  nymi assertion verify --l1 l1.pem --document record.pdf --countersignature checker.jws - < record.jws";

#[derive(Subcommand)]
pub(crate) enum PacCommand {
    /// Propose Dm and Dv parameters from observed arrivals of frames
    Tune(TuneArgs),
}

#[derive(Args)]
#[command(after_help = TUNE_NOTES)]
pub(crate) struct TuneArgs {
    /// The observed arrivals (CSV); `-` reads standard input
    pub(crate) file: PathBuf,
    /// Server minus terminal at each setting of a band's clock, ms, a number a line
    #[arg(long, value_name = "FILE")]
    pub(crate) terminals: Option<PathBuf>,
    /// The parameters in force (JSON with the policy's column names) [default: the defaults]
    #[arg(long, value_name = "FILE")]
    pub(crate) current: Option<PathBuf>,
    /// How many of a thousand arrivals, the latest, may be refused
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=500))]
    pub(crate) tolerate: u16,
    /// Print the proposal as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const TUNE_NOTES: &str = "\
The file begins with the line
  NymiBandID,t_set_ms,t_interval_ms,counter,at_ms
and holds a verified frame a line: the band, the clock setting and interval it counts from, its
counter, and the server's clock at its arrival. `nymi-nes arrivals` writes one from the audit trail.

Example:
  nymi-nes arrivals --days 30 > arrivals.csv
  nymi pac tune arrivals.csv --terminals terminals.txt --tolerate 1";

#[derive(Args)]
#[command(after_help = EXPLAIN_NOTES)]
pub(crate) struct ExplainArgs {
    /// A status code, an event number, a fault code, or the text of a message or log line; `-` reads it
    /// from standard input. With --list, a part of the platform
    #[arg(required_unless_present = "list")]
    pub(crate) query: Vec<String>,
    /// List all that is known, a line each, or that of one part, such as nbe
    #[arg(long)]
    pub(crate) list: bool,
    /// Print what is known as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const EXPLAIN_NOTES: &str = "\
Examples:
  nymi explain 4000
  nymi explain 0xD001D
  nymi explain event 6
  nymi explain nsl 14
  nymi explain \"Insufficient memory on the Nymi Band\"
  tail -1 nymi_agent.log | nymi explain -
  nymi explain --list nbe

Exit code 0 if something was found, 1 if nothing. All of it in one page: docs/troubleshooting.md";

#[derive(Subcommand)]
pub(crate) enum VectorsCommand {
    /// Key agreements, and sequences of presence frames
    Presence {
        /// The vector file
        file: PathBuf,
        /// Print a JSON object for each case
        #[arg(long)]
        json: bool,
    },
    /// Certificate chains in the format of x509-limbo
    Limbo {
        /// The vector file
        file: PathBuf,
        /// Which rules certificates are held to
        #[arg(long, value_enum, default_value_t = LimboProfile::Conforming)]
        profile: LimboProfile,
        #[command(flatten)]
        policies: PolicyOptions,
        /// Print a JSON object for each case
        #[arg(long)]
        json: bool,
        /// Cases that are expected to differ, each with its reason (TOML)
        #[arg(long, value_name = "FILE")]
        exceptions: Option<PathBuf>,
    },
}

/// What is asked of certificate policies in every case (RFC 5280, 6.1.1).
#[derive(Debug, Args)]
pub(crate) struct PolicyOptions {
    /// Where a policy is required (by --explicit-policy or a certificate), it has to be this one or another that is given so,
    /// such as 2.16.840.1.101.3.2.1.48.1
    #[arg(long = "policy", value_name = "OID")]
    pub(crate) policies: Vec<PolicyId>,
    /// Require a valid policy in every chain
    #[arg(long)]
    pub(crate) explicit_policy: bool,
    /// Do not follow policy mappings
    #[arg(long)]
    pub(crate) inhibit_policy_mapping: bool,
    /// Let anyPolicy stand for nothing
    #[arg(long)]
    pub(crate) inhibit_any_policy: bool,
}

impl PolicyOptions {
    /// The same for the validator.
    pub(crate) fn inputs(&self) -> PolicyInputs<'_> {
        let inputs = PolicyInputs::new()
            .with_explicit(self.explicit_policy)
            .with_mapping_inhibited(self.inhibit_policy_mapping)
            .with_any_inhibited(self.inhibit_any_policy);
        if self.policies.is_empty() {
            inputs
        } else {
            inputs.with_acceptable(&self.policies)
        }
    }
}
