//! `nymi tap`: asks the virtual hardware of a running system to tap a band.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use crate::args::TapArgs;
use crate::data_dir::{self, RunFile};
use crate::error::CliError;

const DEADLINE: Duration = Duration::from_secs(10);

/// Taps the band and prints what the virtual hardware answered.
pub(crate) fn run(args: &TapArgs) -> Result<(), CliError> {
    let address = match &args.nymulator {
        Some(address) => address.clone(),
        None => RunFile::read(&running_dir(args.data.as_deref())?)?.nymulator,
    };
    let method = if args.nfc { "nfc" } else { "ble" };
    let answer = control(&address, &format!("tap {} {method}", args.band))?;
    println!("{answer}");
    Ok(())
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
