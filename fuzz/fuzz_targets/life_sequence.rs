//! A sequence of what users, administrators and bands do at one enterprise server: a user has at most
//! one active and one primary band, what is refused changes nothing, the changes say it all, and
//! nobody is identified but by an authenticated band that is theirs.
#![no_main]

use libfuzzer_sys::arbitrary;
use libfuzzer_sys::fuzz_target;
use nymi_core::BandId;
use nymi_core::enrollment::{BandState, Outcome, Rules, Variant};
use nymi_core::life::{Change, Edit, LifeError, Registry, SetUp, UserData, Wearable};
use nymi_core::policy::UserCoreId;

const SERIALS: [&str; 4] = ["ACAK-00001", "BCAK-00002", "DCAK-00003", "FCAK-00004"];
const VARIANTS: [Variant; 4] = [
    Variant::Plain,
    Variant::Plain,
    Variant::SeosImported,
    Variant::SeosUnknown,
];

#[derive(arbitrary::Arbitrary, Debug)]
enum Step {
    SetUp {
        user: u8,
        band: u8,
        rules: u8,
        same_id: bool,
    },
    Edit {
        band: u8,
        active: bool,
        primary: bool,
        note: Option<String>,
    },
    Suspend(u8),
    Restore(u8),
    Retire(u8),
    Disconnect(u8),
    DeleteUserData(u8),
    BreakOff(u8),
    Authenticate(u8),
    TakeOff(u8),
    LockOut(u8),
    EnrollElsewhere(u8),
    Backup,
    Recover,
}

struct World {
    registry: Registry,
    /// Made of changes alone.
    replayed: Registry,
    backup: Registry,
    bands: [Wearable; 4],
    next: u32,
}

fn index(band: u8) -> usize {
    usize::from(band) % SERIALS.len()
}

impl World {
    fn new_id(&mut self) -> BandId {
        self.next += 1;
        let [a, b, c, d] = self.next.to_be_bytes();
        BandId::new([0xc0, 0, a, b, c, d])
    }

    fn changed(&mut self, serial: &str, before: &Registry, found: Result<Vec<Change>, LifeError>) {
        match found {
            Ok(changes) => {
                for change in &changes {
                    assert_ne!(change.before, change.after);
                    assert_eq!(change.before.as_ref(), self.replayed.record(&change.serial));
                    assert!(!change.audit().is_empty());
                    self.replayed.apply(change);
                }
            }
            Err(_) => {
                assert!(before.record(serial).is_none());
                assert_eq!(&self.registry, before, "what is refused changes nothing");
            }
        }
    }

    fn set_up(&mut self, user: u8, band: usize, rules: Rules, new_id: BandId) {
        let user = UserCoreId(i64::from(user % 3));
        let (registry, wearable) = (self.registry.clone(), self.bands[band]);
        let set_up = SetUp {
            user,
            serial: SERIALS[band],
            rules,
            new_id,
        };
        match self.registry.set_up(&set_up, &mut self.bands[band]) {
            Ok(done) => {
                assert_eq!(done.plan.disconnects_other(), done.disconnected.is_some());
                let is_served =
                    self.registry.identify(SERIALS[band], &self.bands[band]) == Ok(user);
                assert!(is_served, "whoever is set up is identified");
                assert_eq!(self.registry.active_of(user), Some(SERIALS[band]));
                if VARIANTS[band].is_seos() {
                    assert_eq!(done.disconnected, None, "a band with Seos is nobody else's");
                }
                self.changed(SERIALS[band], &registry, Ok(done.changes));
            }
            Err(outcome) => {
                assert!(matches!(outcome, Outcome::Refuse(_)));
                assert_eq!((&self.registry, self.bands[band]), (&registry, wearable));
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let before = self.registry.clone();
        let (serial, changes) = match step {
            Step::SetUp {
                user,
                band,
                rules,
                same_id,
            } => {
                let all = Rules::all();
                let rules = all[usize::from(*rules) % all.len()];
                // An id that is on the band already is what a broken random source would give.
                let kept = self.bands[index(*band)].band_id().filter(|_| *same_id);
                let new_id = kept.unwrap_or_else(|| self.new_id());
                return self.set_up(*user, index(*band), rules, new_id);
            }
            Step::Edit {
                band,
                active,
                primary,
                note,
            } => {
                let edit = Edit {
                    is_active: *active,
                    is_primary: *primary,
                    note: note.clone(),
                };
                (
                    SERIALS[index(*band)],
                    self.registry.edit(SERIALS[index(*band)], edit),
                )
            }
            Step::Suspend(band) => (
                SERIALS[index(*band)],
                self.registry.suspend(SERIALS[index(*band)]),
            ),
            Step::Restore(band) => (
                SERIALS[index(*band)],
                self.registry.restore(SERIALS[index(*band)]),
            ),
            Step::Retire(band) => (
                SERIALS[index(*band)],
                self.registry.retire(SERIALS[index(*band)], "Lost Band"),
            ),
            Step::Disconnect(band) => {
                let change = self.registry.disconnect(SERIALS[index(*band)]);
                (SERIALS[index(*band)], change.map(|change| vec![change]))
            }
            Step::DeleteUserData(band) => return self.bands[index(*band)].delete_user_data(),
            Step::BreakOff(band) => return self.bands[index(*band)].break_off_enrollment(),
            Step::Authenticate(band) => {
                let band = &mut self.bands[index(*band)];
                let may = matches!(band.data(), UserData::Enrolled(_)) && !band.is_locked_out();
                assert_eq!(band.authenticate().is_ok(), may);
                return;
            }
            Step::TakeOff(band) => return self.bands[index(*band)].take_off(),
            Step::LockOut(band) => return self.bands[index(*band)].lock_out(),
            Step::EnrollElsewhere(band) => {
                let id = self.new_id();
                return self.bands[index(*band)].enroll(id);
            }
            Step::Backup => {
                self.backup = self.registry.clone();
                return;
            }
            Step::Recover => {
                self.registry = self.backup.clone();
                self.replayed = self.backup.clone();
                return;
            }
        };
        self.changed(serial, &before, changes);
    }

    fn check(&self) {
        assert_eq!(self.replayed, self.registry, "the changes say it all");
        let records = self.registry.records().clone();
        assert!(
            Registry::from_rows(records, []).is_ok(),
            "one active and one primary band a user"
        );
        for (serial, band) in SERIALS.iter().zip(&self.bands) {
            if let Ok(user) = self.registry.identify(serial, band) {
                let record = self
                    .registry
                    .record(serial)
                    .expect("an identified band has a record");
                assert!(
                    record.user == user
                        && record.is_active
                        && band.state() == BandState::Authenticated
                );
                assert_eq!(band.band_id(), Some(record.band_id));
            }
        }
    }
}

fuzz_target!(|steps: Vec<Step>| {
    let mut world = World {
        registry: Registry::default(),
        replayed: Registry::default(),
        backup: Registry::default(),
        bands: VARIANTS.map(Wearable::new),
        next: 0,
    };
    for step in steps.iter().take(100) {
        world.step(step);
        world.check();
    }
});
