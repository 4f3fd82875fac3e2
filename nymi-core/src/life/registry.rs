//! What an NES knows of users and bands, and the operations on it.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::{Change, Record, Wearable};
use crate::BandId;
use crate::enrollment::{
    Association, EventType, Finish, Origin, Outcome, Path, Plan, Rules, Situation, Step,
    UsersActive, decide,
};
use crate::policy::UserCoreId;

/// The associations of bands and users at one NES. A user has at most one active band and at most
/// one primary one, whatever is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    records: BTreeMap<String, Record>,
    disconnected: BTreeSet<BandId>,
}

/// A user at a terminal with a band.
#[derive(Clone, Copy, Debug)]
pub struct SetUp<'a> {
    /// Who signed in.
    pub user: UserCoreId,
    /// The serial number of the tapped band.
    pub serial: &'a str,
    /// What the user's effective policy says.
    pub rules: Rules,
    /// The NymiBandID that the band takes if it is enrolled; random, and new.
    pub new_id: BandId,
}

/// What a finished set-up did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What was decided.
    pub plan: Plan,
    /// What became of the records.
    pub changes: Vec<Change>,
    /// The user whose association with the band ended: DisconnectUserCoreId of the event.
    pub disconnected: Option<UserCoreId>,
}

impl Done {
    /// The event to write.
    pub const fn event(&self) -> Option<EventType> {
        self.plan.event()
    }
}

/// What the page of a band saves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The Is Active box.
    pub is_active: bool,
    /// The Is Primary box.
    pub is_primary: bool,
    /// The Notes field.
    pub note: Option<String>,
}

/// Why an operation is refused; nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LifeError {
    /// The band is nobody's here.
    #[error("serial number {0} is not associated with a user at this NES")]
    NotAssociated(String),
    /// Two records have the same NymiBandID, or two bands of a user are active or primary.
    #[error("{0}")]
    Inconsistent(&'static str),
}

/// Why a tap identifies nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TapRefusal {
    /// The band is not authenticated.
    #[error("the band is not authenticated")]
    NotAuthenticated,
    /// No user has this enrollment of the band.
    #[error("no user is associated with this enrollment of the band")]
    NotAssociated,
    /// The band is suspended or replaced.
    #[error("the band is not active; an administrator suspended or replaced it")]
    NotActive,
}

impl Registry {
    /// The associations of a database, by serial number, and the enrollments that were
    /// disconnected.
    ///
    /// # Errors
    /// A user has two active or two primary bands, or a NymiBandID occurs twice.
    pub fn from_rows(
        records: impl IntoIterator<Item = (String, Record)>,
        disconnected: impl IntoIterator<Item = BandId>,
    ) -> Result<Self, LifeError> {
        let registry = Self {
            records: records.into_iter().collect(),
            disconnected: disconnected.into_iter().collect(),
        };
        registry.check()?;
        Ok(registry)
    }

    fn check(&self) -> Result<(), LifeError> {
        let (mut active, mut primary) = (BTreeSet::new(), BTreeSet::new());
        let mut ids = BTreeSet::new();
        for record in self.records.values() {
            if record.is_active && !active.insert(record.user) {
                return Err(LifeError::Inconsistent("a user has two active bands"));
            }
            if record.is_primary && !primary.insert(record.user) {
                return Err(LifeError::Inconsistent("a user has two primary bands"));
            }
            if !ids.insert(record.band_id) {
                return Err(LifeError::Inconsistent(
                    "two bands have the same NymiBandID",
                ));
            }
        }
        Ok(())
    }

    /// The record of a band, by serial number.
    pub fn record(&self, serial: &str) -> Option<&Record> {
        self.records.get(serial)
    }

    /// Every record, by serial number.
    pub const fn records(&self) -> &BTreeMap<String, Record> {
        &self.records
    }

    /// A user's bands, by serial number.
    pub fn bands_of(&self, user: UserCoreId) -> impl Iterator<Item = (&str, &Record)> {
        let of = self.records.iter().filter(move |(_, r)| r.user == user);
        of.map(|(serial, record)| (serial.as_str(), record))
    }

    /// The serial number of a user's active band.
    pub fn active_of(&self, user: UserCoreId) -> Option<&str> {
        let mut bands = self.bands_of(user);
        bands
            .find(|(_, record)| record.is_active)
            .map(|band| band.0)
    }

    /// Who taps.
    ///
    /// # Errors
    /// The band proves nobody to this NES.
    pub fn identify(&self, serial: &str, band: &Wearable) -> Result<UserCoreId, TapRefusal> {
        if !band.is_authenticated() {
            return Err(TapRefusal::NotAuthenticated);
        }
        match self.record(serial) {
            Some(record) if band.band_id() != Some(record.band_id) => {
                Err(TapRefusal::NotAssociated)
            }
            Some(record) if record.is_active => Ok(record.user),
            Some(_) => Err(TapRefusal::NotActive),
            None => Err(TapRefusal::NotAssociated),
        }
    }

    /// Whose a band is, seen from a user.
    pub fn association(&self, user: UserCoreId, serial: &str, band: &Wearable) -> Association {
        let active = self.active_of(user);
        let user_has_another = active.is_some_and(|active| active != serial);
        let Some(record) = self.record(serial) else {
            let was_here = band
                .band_id()
                .is_some_and(|id| self.disconnected.contains(&id));
            return match was_here {
                true => Association::Disconnected { user_has_another },
                false => Association::Unknown { user_has_another },
            };
        };
        let origin = match (
            band.band_id() == Some(record.band_id),
            record.is_enrolled_here,
        ) {
            (false, _) => Origin::Earlier,
            (true, true) => Origin::EnrolledHere,
            (true, false) => Origin::RegisteredHere,
        };
        if record.user != user {
            return Association::Others {
                origin,
                user_has_another,
            };
        }
        let active = match active {
            None => UsersActive::None,
            Some(_) if user_has_another => UsersActive::Another,
            Some(_) => UsersActive::This,
        };
        Association::Own { origin, active }
    }

    /// The situation of a user at a terminal with a band.
    pub fn situation(&self, set_up: &SetUp<'_>, band: &Wearable, step: Step) -> Situation {
        Situation {
            rules: set_up.rules,
            association: self.association(set_up.user, set_up.serial, band),
            variant: band.variant(),
            band: band.state(),
            step,
        }
    }

    /// A user signs in and taps a band, and all steps go well: what the [decision](decide) says is
    /// carried out on band and registry.
    ///
    /// # Errors
    /// The outcome, where it is not to go on.
    pub fn set_up(&mut self, set_up: &SetUp<'_>, band: &mut Wearable) -> Result<Done, Outcome> {
        let step = Step::Finish(Finish::Agreed);
        let plan = match decide(&self.situation(set_up, band, step)) {
            Outcome::Go(plan) => plan,
            other => return Err(other),
        };
        let (changes, disconnected) = match plan.path {
            Path::Enroll(_) => {
                band.enroll(set_up.new_id);
                self.associate(set_up, set_up.new_id, true)
            }
            Path::Register(_) => match band.band_id() {
                Some(id) => self.associate(set_up, id, false),
                None => (Vec::new(), None),
            },
            Path::AuthenticateWithCredentials => {
                // The plan says that the band has its user's data, so this cannot fail.
                let _ = band.authenticate_with_credentials();
                (Vec::new(), None)
            }
            Path::LogIn => (Vec::new(), None),
        };
        Ok(Done {
            plan,
            changes,
            disconnected,
        })
    }

    /// The band becomes the user's active one; primary unless the user has a primary one.
    fn associate(
        &mut self,
        set_up: &SetUp<'_>,
        band_id: BandId,
        is_enrolled_here: bool,
    ) -> (Vec<Change>, Option<UserCoreId>) {
        let before = self.record(set_up.serial).cloned();
        let previous = before.as_ref().map(|record| record.user);
        let has_primary = self
            .bands_of(set_up.user)
            .any(|(serial, record)| serial != set_up.serial && record.is_primary);
        let record = Record {
            user: set_up.user,
            band_id,
            is_active: true,
            is_primary: !has_primary,
            is_enrolled_here,
            note: before
                .filter(|record| record.user == set_up.user)
                .and_then(|record| record.note),
        };
        let changes = self.store(set_up.serial, record);
        (changes, previous.filter(|user| *user != set_up.user))
    }

    /// Saves the page of a band. What becomes active or primary takes that from the user's other
    /// bands (guide 000, 10.3.2.1).
    ///
    /// # Errors
    /// The band is nobody's here.
    pub fn edit(&mut self, serial: &str, edit: Edit) -> Result<Vec<Change>, LifeError> {
        let record = self.associated(serial)?;
        let record = Record {
            is_active: edit.is_active,
            is_primary: edit.is_primary,
            note: edit.note,
            ..record.clone()
        };
        Ok(self.store(serial, record))
    }

    /// Suspends a band: not active, but the user's primary one (guide 000, 10.4).
    ///
    /// # Errors
    /// The band is nobody's here.
    pub fn suspend(&mut self, serial: &str) -> Result<Vec<Change>, LifeError> {
        let note = self.associated(serial)?.note.clone();
        let (is_active, is_primary) = (false, true);
        self.edit(
            serial,
            Edit {
                is_active,
                is_primary,
                note,
            },
        )
    }

    /// Puts a suspended or replaced band back into use; the temporary one goes inactive (guide 000,
    /// 10.3.2.1 "Restore Use of the Original Nymi Band"). It serves its user again unless its data
    /// was deleted.
    ///
    /// # Errors
    /// The band is nobody's here.
    pub fn restore(&mut self, serial: &str) -> Result<Vec<Change>, LifeError> {
        let note = self.associated(serial)?.note.clone();
        let (is_active, is_primary) = (true, true);
        self.edit(
            serial,
            Edit {
                is_active,
                is_primary,
                note,
            },
        )
    }

    /// Takes a lost or broken band out of use: neither active nor primary (guide 000, 10.3.2.1
    /// "Replacing the Nymi Band for a User").
    ///
    /// # Errors
    /// The band is nobody's here.
    pub fn retire(&mut self, serial: &str, note: &str) -> Result<Vec<Change>, LifeError> {
        self.edit(
            serial,
            Edit {
                is_active: false,
                is_primary: false,
                note: Some(note.to_owned()),
            },
        )
    }

    /// Ends the association of a band with its user (guide 000, 10.5). The band goes on accepting
    /// its user's finger until its data is deleted; no tap of it identifies anybody here.
    ///
    /// # Errors
    /// The band is nobody's here.
    pub fn disconnect(&mut self, serial: &str) -> Result<Change, LifeError> {
        let record = self.associated(serial)?.clone();
        let change = Change {
            serial: serial.to_owned(),
            before: Some(record),
            after: None,
        };
        self.apply(&change);
        Ok(change)
    }

    fn associated(&self, serial: &str) -> Result<&Record, LifeError> {
        self.record(serial)
            .ok_or_else(|| LifeError::NotAssociated(serial.to_owned()))
    }

    /// Stores a record; what it takes from the user's other bands comes first. Without a difference
    /// there is no change.
    fn store(&mut self, serial: &str, record: Record) -> Vec<Change> {
        let others = self.bands_of(record.user).filter(|(s, _)| *s != serial);
        let mut changes: Vec<Change> = others
            .map(|(other, before)| Change {
                serial: other.to_owned(),
                after: Some(Record {
                    is_active: before.is_active && !record.is_active,
                    is_primary: before.is_primary && !record.is_primary,
                    ..before.clone()
                }),
                before: Some(before.clone()),
            })
            .collect();
        changes.push(Change {
            serial: serial.to_owned(),
            before: self.record(serial).cloned(),
            after: Some(record),
        });
        changes.retain(|change| change.before != change.after);
        for change in &changes {
            self.apply(change);
        }
        changes
    }

    /// Carries out a change that an operation on an equal registry gave.
    pub fn apply(&mut self, change: &Change) {
        match &change.after {
            Some(record) => {
                self.disconnected.remove(&record.band_id);
                self.records.insert(change.serial.clone(), record.clone());
            }
            None => {
                if let Some(record) = self.records.remove(&change.serial) {
                    self.disconnected.insert(record.band_id);
                }
            }
        }
    }
}
