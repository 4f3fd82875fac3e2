//! What happens on the charger: charging, gestures, recovery, firmware.

use alloc::vec::Vec;

use super::fault::FaultAction;
use super::screen::Screen;
use super::state::{BandState, HapticEvent, Screens};
use super::version::{FirmwareVersion, Model};

/// What somebody does to a band's buttons or sensor, or to its charger's button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gesture {
    /// The top button.
    Top,
    /// The bottom button; on the charger that is *delete user data*.
    Bottom,
    /// Top and bottom button together, briefly (Band 3).
    TopAndBottom,
    /// The fingerprint sensor three times (Band 4).
    SensorThrice,
    /// The top button, held.
    HoldTop {
        /// For so long.
        seconds: u32,
    },
    /// Top and bottom button, held (Band 3).
    HoldTopAndBottom {
        /// For so long.
        seconds: u32,
    },
    /// The button on the charger, held (Band 4).
    HoldCharger {
        /// For so long.
        seconds: u32,
    },
}

/// A held button restarts a band after this long, and ends recovery.
pub const RESTART_S: u32 = 10;
/// Both buttons of a Band 3 begin recovery after this long.
pub const RECOVERY_BAND_3_S: u32 = 20;
/// The charger's button does so for a Band 4 after this long.
pub const RECOVERY_BAND_4_S: u32 = 10;

/// Firmware that can't be installed; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{new} is older than {old}: an older firmware is installed in RECOVERY mode only")]
pub struct DowngradeError {
    /// The firmware on the band.
    pub old: FirmwareVersion,
    /// The firmware to be installed.
    pub new: FirmwareVersion,
}

impl BandState {
    /// Put on a charger, which wakes it from ship mode. Gives what the screen shows and whether the
    /// motor runs.
    pub fn put_on_charger(&mut self) -> (Screen, bool) {
        self.take_off();
        self.is.on_charger = true;
        self.is.ship_mode = false;
        (self.screen(), self.vibrates(HapticEvent::PutOnCharger))
    }

    /// Taken from the charger.
    pub fn take_from_charger(&mut self) {
        self.is.on_charger = false;
    }

    /// So many milliseconds on a charger; elsewhere nothing happens.
    pub fn charge(&mut self, ms: u32) {
        if self.is.on_charger {
            self.is.battery = self.is.battery.after_charging(ms);
        }
    }

    /// A firmware updater connects over Bluetooth, or goes. While it is connected the buttons do
    /// nothing (Troubleshooting Guide, "Nymi Band Buttons Not Working").
    pub fn connect_updater(&mut self, connected: bool) {
        self.is.updater = connected;
    }

    /// A gesture; the screens that come up, of which the last stays.
    pub fn press(&mut self, gesture: Gesture) -> Screens {
        let mut shown = Screens::new();
        if self.has_power() {
            self.react(gesture, &mut shown);
        }
        shown.push(self.screen());
        shown.dedup();
        shown
    }

    fn react(&mut self, gesture: Gesture, shown: &mut Screens) {
        if self.is.ship_mode {
            self.is.ship_mode = gesture != Gesture::Top;
            return;
        }
        if !self.is.on_charger {
            return;
        }
        let (model, works) = (self.build.model(), self.runs());
        match gesture {
            Gesture::TopAndBottom if works && model != Some(Model::Band4) => {
                shown.push(Screen::Version(self.build.firmware));
            }
            Gesture::SensorThrice if works && model != Some(Model::Band3) => {
                shown.push(Screen::Version(self.build.firmware));
            }
            Gesture::Bottom if works => {
                shown.push(Screen::Deleting);
                if !self.is.updater {
                    self.delete_user_data();
                }
            }
            Gesture::HoldTop { seconds } if seconds >= RESTART_S => self.restart(shown),
            Gesture::HoldTopAndBottom { seconds }
                if seconds >= RECOVERY_BAND_3_S && model != Some(Model::Band4) =>
            {
                self.begin_recovery();
                shown.push(Screen::Recovering);
            }
            Gesture::HoldCharger { seconds }
                if seconds >= RECOVERY_BAND_4_S && model != Some(Model::Band3) =>
            {
                if self.is.recovery {
                    self.end_recovery(shown);
                } else {
                    self.begin_recovery();
                    shown.push(Screen::Recovering);
                }
            }
            _ => {}
        }
    }

    /// The top button, held on the charger: leaves a fault that a restart clears, and on a Band 3
    /// recovery.
    fn restart(&mut self, shown: &mut Screens) {
        if self.is.recovery {
            if self.build.model() != Some(Model::Band4) {
                self.end_recovery(shown);
            }
            return;
        }
        self.is.authenticated = false;
        let clears = |fault: super::Fault| fault.code.action() == FaultAction::Restart;
        if self.is.fault.is_none_or(clears) {
            self.is.fault = None;
        }
        shown.extend([Screen::Blank, Screen::Boot]);
    }

    /// The recovery firmware takes over: a gesture, or the bootloader found the ordinary firmware
    /// broken. It deletes the user's data; the association in NES is not the band's to end.
    pub fn begin_recovery(&mut self) {
        self.delete_user_data();
        self.is.recovery = true;
        self.is.fault = None;
    }

    fn end_recovery(&mut self, shown: &mut Screens) {
        self.is.recovery = false;
        shown.push(Screen::Boot);
    }

    /// An updater installs firmware, which ends recovery.
    ///
    /// # Errors
    /// It is older, and the band is not in recovery.
    pub fn install(&mut self, new: FirmwareVersion) -> Result<Vec<Screen>, DowngradeError> {
        let old = self.build.firmware;
        if new < old && !self.is.recovery {
            return Err(DowngradeError { old, new });
        }
        self.build.firmware = new;
        self.is.recovery = false;
        self.is.authenticated = false;
        Ok(Vec::from([Screen::Boot, self.screen()]))
    }
}
