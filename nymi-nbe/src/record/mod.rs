//! Recording what an adapter hears, with labels that somebody types: `nbe --record`.
//!
//! `nymi tap tune` proposes detection parameters from such files. While recording, the adapter
//! belongs to the recorder; no agent is needed and none is told.

mod file;
mod recorder;

use std::io::{self, Write};

use nymi_core::UnixMillis;
use nymi_core::tap::recording::HEADER;
use tokio::sync::mpsc;

use crate::adapter::{Adapter, AdapterEvent};

pub use file::NewFile;
pub use recorder::{Recorder, UnknownLabel};

/// What whoever labels is told at the beginning.
pub const INSTRUCTIONS: &str = "\
Type what the wearer does, and Enter; it holds until the next:
  c  close    works at the terminal and does not tap
  f  far      is away from the terminal
  n  not_tap  anything else that must not tap: walking by, lying near
  t  tap      holds the band at the adapter
  p           pause: nothing is recorded
Enter alone begins a tap, and Enter again ends it. Ctrl-C ends the recording.";

/// Records what `adapter` hears into `file` until the recording is full or the adapter's driver ends;
/// drop it to end it before. `labels` brings what was typed, a line each; at its end the last one
/// stays. `tell` shows what happens. Nothing is written before there is a sample.
///
/// # Errors
/// The file cannot be written.
pub async fn record(
    adapter: Box<dyn Adapter>,
    recorder: &mut Recorder,
    mut labels: mpsc::Receiver<String>,
    mut file: impl Write,
    clock: impl Fn() -> UnixMillis,
    mut tell: impl FnMut(&str),
) -> io::Result<()> {
    let mut link = adapter.start();
    let mut ended = false;
    while !recorder.is_full() {
        tokio::select! {
            label = labels.recv(), if !ended => match label {
                Some(text) => {
                    let told = recorder.handle_label(text.trim());
                    tell(&told.unwrap_or_else(|error| error.to_string()));
                }
                None => ended = true,
            },
            event = link.events.recv() => match event {
                Some(AdapterEvent::Heard { address, rssi, .. }) => {
                    let is_first = recorder.count() == 0;
                    if let Some(sample) = recorder.handle_heard(clock(), address, rssi) {
                        if is_first {
                            writeln!(file, "{HEADER}")?;
                        }
                        writeln!(file, "{sample}")?;
                    }
                }
                Some(AdapterEvent::Adapter { id, kind, state, detail }) => {
                    let told = recorder.handle_adapter(&id, kind, state, detail.as_deref());
                    told.iter().for_each(|told| tell(told));
                }
                Some(_) => {}
                None => return Ok(()),
            }
        }
    }
    tell("the recording is full");
    Ok(())
}
