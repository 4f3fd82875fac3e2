use std::collections::BTreeSet;

use nymi_core::message::channel::HardwareState;
use nymi_core::tap::recording::{Label, MAX_RECORDED_BANDS, MAX_SAMPLES, Sample};
use nymi_core::tap::{AdapterKind, MEASURABLE_DBM};
use nymi_core::{BandId, UnixMillis};

/// Labels what is heard. It begins with a pause.
#[derive(Debug)]
pub struct Recorder {
    wearer: Option<BandId>,
    label: Option<Label>,
    /// What Enter goes back to from a tap.
    between: Label,
    bands: BTreeSet<BandId>,
    latest: UnixMillis,
    count: usize,
    /// What was last said of the adapter, and whether it was ready.
    adapter: Option<(bool, String)>,
}

/// Not a label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no label: t, c, f, n, p, or Enter alone; still {label}")]
pub struct UnknownLabel {
    found: String,
    label: String,
}

impl Recorder {
    /// A recorder. With `wearer`, labels are that band's, and every other band is `not_tap`; without,
    /// they are those of every band that is heard.
    pub const fn new(wearer: Option<BandId>) -> Self {
        Self {
            wearer,
            label: None,
            between: Label::NotTap,
            bands: BTreeSet::new(),
            latest: UnixMillis(0),
            count: 0,
            adapter: None,
        }
    }

    /// Whether there is no room for another sample.
    pub const fn is_full(&self) -> bool {
        self.count >= MAX_SAMPLES
    }

    /// Samples so far.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Takes a label as it was typed; says what holds now.
    ///
    /// # Errors
    /// It is none; the last one stays.
    pub fn handle_label(&mut self, text: &str) -> Result<String, UnknownLabel> {
        self.label = match text {
            "" if self.label == Some(Label::Tap) => Some(self.between),
            "" => Some(Label::Tap),
            "p" | "pause" => None,
            _ => Some(named(text).ok_or_else(|| UnknownLabel {
                found: text.chars().take(20).collect(),
                label: self.shown(),
            })?),
        };
        if let Some(label) = self.label.filter(|label| *label != Label::Tap) {
            self.between = label;
        }
        let (bands, count) = (self.bands.len(), self.count);
        Ok(format!(
            "{} ({count} samples of {bands} bands so far)",
            self.shown()
        ))
    }

    /// The adapter appeared, failed or went away: what to say of it, unless that was the last thing said.
    pub fn handle_adapter(
        &mut self,
        id: &str,
        kind: AdapterKind,
        state: HardwareState,
        detail: Option<&str>,
    ) -> Option<String> {
        let named = format!("adapter {id} ([dongle.{kind}])");
        let said = match state {
            HardwareState::Ready => format!("{named} is ready"),
            HardwareState::Missing => format!(
                "{named} is not there: {}. It is looked for again until it is; nothing is recorded before",
                detail.unwrap_or("plug it in")
            ),
            HardwareState::Failed => format!(
                "{named} does not work: {}. Nothing is recorded before it does",
                detail.unwrap_or("unplug it and plug it in again; end whatever else uses it")
            ),
        };
        let known = self.adapter.as_ref().is_some_and(|(_, last)| *last == said);
        self.adapter = Some((state == HardwareState::Ready, said.clone()));
        (!known).then_some(said)
    }

    /// How much was recorded, and if nothing, why.
    pub fn summary(&self) -> String {
        let adapter = self.adapter.as_ref();
        match (self.count, adapter) {
            (0, None) => "nothing was recorded: the adapter did not answer".to_owned(),
            (0, Some((false, said))) => format!("nothing was recorded: {said}"),
            (0, _) if self.label.is_none() => {
                "nothing was recorded: it begins with a pause; type a label, such as c".to_owned()
            }
            (0, _) => "nothing was recorded: no band was heard".to_owned(),
            (count, _) => format!("{count} samples of {} bands recorded", self.bands.len()),
        }
    }

    /// A band was heard: the sample to be kept, unless there is a pause or no room.
    pub fn handle_heard(&mut self, now: UnixMillis, band: BandId, rssi_dbm: i16) -> Option<Sample> {
        let label = self.label?;
        let known = self.bands.contains(&band) || self.bands.len() < MAX_RECORDED_BANDS;
        if self.is_full() || !known || !MEASURABLE_DBM.contains(&rssi_dbm) {
            return None;
        }
        self.bands.insert(band);
        self.count += 1;
        // A clock that was set back must not spoil the file: its times never fall.
        self.latest = self.latest.max(now);
        let labelled = self.wearer.is_none_or(|wearer| wearer == band);
        Some(Sample {
            at: self.latest,
            band,
            rssi_dbm,
            label: if labelled { label } else { Label::NotTap },
        })
    }

    fn shown(&self) -> String {
        self.label
            .map_or_else(|| "pause".to_owned(), |label| label.to_string())
    }
}

/// A label by its name or first letter.
fn named(text: &str) -> Option<Label> {
    let fits = |name: &str| name == text || (text.len() == 1 && name.starts_with(text));
    let known = Label::ALL.into_iter().find(|(_, name)| fits(name));
    known.map(|(label, _)| label)
}
