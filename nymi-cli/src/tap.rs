//! `nymi tap`: asks the virtual hardware of a running system to tap a band.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use crate::args::TapArgs;
use crate::data_dir::{self, RunFile};
use crate::error::CliError;
use crate::output::print;

const DEADLINE: Duration = Duration::from_secs(10);

/// Taps the band and prints what the virtual hardware answered.
pub(crate) fn run(args: &TapArgs) -> Result<(), CliError> {
    let address = match &args.nymulator {
        Some(address) => address.clone(),
        None => RunFile::read(&running_dir(args.data.as_deref())?)?.nymulator,
    };
    let band = args.band.as_deref().unwrap_or_default();
    let method = if args.nfc { "nfc" } else { "ble" };
    let answer = control(&address, &format!("tap {band} {method}")).map_err(|error| {
        match known_bands(&address) {
            Some(bands) if !bands.iter().any(|known| known == band) => {
                CliError::new(format!("no band {band:?}; there are {}", bands.join(", ")))
            }
            _ => error,
        }
    })?;
    print(|out| writeln!(out, "{answer}"))
}

/// The serial numbers and NymiBandIDs that the virtual hardware knows.
fn known_bands(address: &str) -> Option<Vec<String>> {
    let list: serde_json::Value = serde_json::from_str(&control(address, "list").ok()?).ok()?;
    let name = |band: &serde_json::Value, key: &str| band[key].as_str().map(str::to_owned);
    let bands = list.as_array()?.iter();
    Some(
        bands
            .flat_map(|band| [name(band, "SerialNumber"), name(band, "NymiBandID")])
            .flatten()
            .collect(),
    )
}

fn running_dir(given: Option<&Path>) -> Result<std::path::PathBuf, CliError> {
    given.map_or_else(data_dir::default_dir, |dir| Ok(dir.to_owned()))
}

/// Sends one command to the control port and returns what follows `ok`.
fn control(address: &str, command: &str) -> Result<String, CliError> {
    if command.contains(['\r', '\n']) {
        return Err(CliError::new(
            "a band is named by one serial number or NymiBandID",
        ));
    }
    if !address.contains(':') {
        return Err(CliError::new(format!(
            "{address:?} is no address; --nymulator takes HOST:PORT, such as 127.0.0.1:9130"
        )));
    }
    let unreachable = |error| {
        CliError::new(format!(
            "no virtual hardware answers at {address}: {error}; is `nymi up` running?"
        ))
    };
    let mut stream = TcpStream::connect(address).map_err(unreachable)?;
    stream
        .set_read_timeout(Some(DEADLINE))
        .map_err(unreachable)?;
    writeln!(stream, "{command}").map_err(unreachable)?;
    let mut answer = String::new();
    BufReader::new(stream)
        .read_line(&mut answer)
        .map_err(unreachable)?;
    match answer
        .trim_end()
        .split_once(' ')
        .unwrap_or((answer.trim_end(), ""))
    {
        ("ok", rest) => Ok(rest.to_owned()),
        ("error", reason) => Err(CliError::new(reason)),
        _ => Err(CliError::new(format!(
            "{address} is not the control port of virtual hardware"
        ))),
    }
}
