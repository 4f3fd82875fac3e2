//! Random sequences of operations on one NES, beside a reference that only remembers pairs.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const SERIALS: [&str; 4] = ["A", "B", "D", "F"];
/// The last two have Seos.
const VARIANTS: [Variant; 4] = [
    Variant::Plain,
    Variant::Plain,
    Variant::SeosImported,
    Variant::SeosUnknown,
];

#[derive(Clone, Debug)]
enum Op {
    SetUp {
        user: u8,
        band: usize,
        rules: Rules,
    },
    Edit {
        band: usize,
        active: bool,
        primary: bool,
    },
    Suspend(usize),
    Restore(usize),
    Retire(usize),
    Disconnect(usize),
    DeleteUserData(usize),
    BreakOff(usize),
    Authenticate(usize),
    TakeOff(usize),
    LockOut(usize),
    EnrollElsewhere(usize),
    Backup,
    Recover,
}

fn any_op() -> impl Strategy<Value = Op> {
    let band = || 0..SERIALS.len();
    let rules = proptest::sample::select(Rules::all());
    prop_oneof![
        8 => (0..3u8, band(), rules).prop_map(|(user, band, rules)| Op::SetUp { user, band, rules }),
        2 => (band(), any::<bool>(), any::<bool>())
            .prop_map(|(band, active, primary)| Op::Edit { band, active, primary }),
        1 => band().prop_map(Op::Suspend),
        1 => band().prop_map(Op::Restore),
        1 => band().prop_map(Op::Retire),
        1 => band().prop_map(Op::Disconnect),
        3 => band().prop_map(Op::DeleteUserData),
        1 => band().prop_map(Op::BreakOff),
        1 => band().prop_map(Op::Authenticate),
        1 => band().prop_map(Op::TakeOff),
        1 => band().prop_map(Op::LockOut),
        2 => band().prop_map(Op::EnrollElsewhere),
        1 => Just(Op::Backup),
        1 => Just(Op::Recover),
    ]
}

/// What the reference remembers of the server: pairs.
#[derive(Clone, Default)]
struct Server {
    owner: BTreeMap<usize, (u8, u8, bool)>,
    active: BTreeMap<u8, usize>,
    primary: BTreeMap<u8, usize>,
    gone: BTreeSet<u8>,
}

#[derive(Default)]
struct Reference {
    server: Server,
    backup: Server,
    /// The enrollment on each band.
    on_band: BTreeMap<usize, u8>,
    partial: BTreeSet<usize>,
    authenticated: BTreeSet<usize>,
    locked: BTreeSet<usize>,
    next: u8,
}

/// What a set-up does.
#[derive(Debug, PartialEq)]
enum Did {
    Enrolled,
    Registered,
    LoggedIn,
    Authenticated,
    Nothing,
}

impl Reference {
    /// The rules, in the shortest words.
    fn may(&self, user: u8, band: usize, rules: Rules) -> Did {
        let owner = self.server.owner.get(&band).copied();
        let is_mine = owner.is_some_and(|owner| owner.0 == user);
        let is_others = owner.is_some() && !is_mine;
        let active = self.server.active.get(&user);
        let again = is_mine || active.is_some_and(|active| *active != band);
        let self_service = match (is_others, again) {
            (true, _) => band < 2 && rules.self_service == SelfService::Any,
            (false, true) => rules.self_service != SelfService::Off,
            (false, false) => true,
        };
        let Some(id) = self.on_band.get(&band) else {
            let may = rules.permissions.allow_enrollment()
                && self_service
                && band != 3
                && !self.partial.contains(&band);
            return if may { Did::Enrolled } else { Did::Nothing };
        };
        let is_current = owner.is_some_and(|owner| owner.1 == *id);
        let serves = is_mine && is_current && active == Some(&band);
        if !self.authenticated.contains(&band) {
            let may = serves && rules.corporate_credentials;
            return if may {
                Did::Authenticated
            } else {
                Did::Nothing
            };
        }
        if serves {
            return Did::LoggedIn;
        }
        let was_disconnected = owner.is_none() && self.server.gone.contains(id);
        let is_known_finger = is_others && is_current && owner.is_some_and(|owner| owner.2);
        let may = rules.permissions.allow_registration()
            && self_service
            && !(is_mine && is_current)
            && !was_disconnected
            && !is_known_finger;
        if may { Did::Registered } else { Did::Nothing }
    }

    fn own(&mut self, user: u8, band: usize, id: u8, here: bool) {
        self.disown(band);
        self.server.owner.insert(band, (user, id, here));
        self.server.active.insert(user, band);
        self.server.primary.entry(user).or_insert(band);
        self.server.gone.remove(&id);
    }

    /// Takes a band out of all pairs.
    fn disown(&mut self, band: usize) {
        let was_primary_of_same = self.server.owner.remove(&band);
        self.server.active.retain(|_, of| *of != band);
        let _ = was_primary_of_same;
        self.server.primary.retain(|_, of| *of != band);
    }

    fn edit(&mut self, band: usize, active: bool, primary: bool) -> bool {
        let Some((user, ..)) = self.server.owner.get(&band).copied() else {
            return false;
        };
        for (pairs, set) in [
            (&mut self.server.active, active),
            (&mut self.server.primary, primary),
        ] {
            pairs.retain(|_, of| *of != band);
            if set {
                pairs.insert(user, band);
            }
        }
        true
    }

    fn wipe(&mut self, band: usize) {
        self.on_band.remove(&band);
        self.partial.remove(&band);
        self.authenticated.remove(&band);
    }

    fn put_on_band(&mut self, band: usize, id: u8) {
        self.on_band.insert(band, id);
        self.partial.remove(&band);
        self.authenticated.insert(band);
        self.locked.remove(&band);
    }

    /// Carries out an operation; whether it was one.
    fn apply(&mut self, op: &Op) -> bool {
        match *op {
            Op::SetUp { user, band, rules } => {
                self.next += 1;
                match self.may(user, band, rules) {
                    Did::Enrolled => {
                        self.put_on_band(band, self.next);
                        self.own(user, band, self.next, true);
                    }
                    Did::Registered => self.own(user, band, self.on_band[&band], false),
                    Did::Authenticated => {
                        self.locked.remove(&band);
                        self.authenticated.insert(band);
                    }
                    Did::LoggedIn => {}
                    Did::Nothing => return false,
                }
            }
            Op::Edit {
                band,
                active,
                primary,
            } => return self.edit(band, active, primary),
            Op::Suspend(band) => return self.edit(band, false, true),
            Op::Restore(band) => return self.edit(band, true, true),
            Op::Retire(band) => return self.edit(band, false, false),
            Op::Disconnect(band) => {
                let Some((_, id, _)) = self.server.owner.get(&band).copied() else {
                    return false;
                };
                self.disown(band);
                self.server.gone.insert(id);
            }
            Op::DeleteUserData(band) => self.wipe(band),
            Op::BreakOff(band) => {
                if !self.on_band.contains_key(&band) {
                    self.partial.insert(band);
                }
            }
            Op::Authenticate(band) => {
                let may = self.on_band.contains_key(&band) && !self.locked.contains(&band);
                if may {
                    self.authenticated.insert(band);
                }
                return may;
            }
            Op::TakeOff(band) => {
                self.authenticated.remove(&band);
            }
            Op::LockOut(band) => {
                self.locked.insert(band);
                self.authenticated.remove(&band);
            }
            Op::EnrollElsewhere(band) => {
                self.next += 1;
                self.put_on_band(band, self.next);
            }
            Op::Backup => self.backup = self.server.clone(),
            Op::Recover => self.server = self.backup.clone(),
        }
        true
    }

    fn identify(&self, band: usize) -> Option<u8> {
        let (user, id, _) = self.server.owner.get(&band).copied()?;
        let proves = self.authenticated.contains(&band) && self.on_band.get(&band) == Some(&id);
        (proves && self.server.active.get(&user) == Some(&band)).then_some(user)
    }
}

/// The real thing.
struct Real {
    registry: Registry,
    backup: Registry,
    /// Made of changes alone.
    replayed: Registry,
    bands: Vec<Wearable>,
    next: u8,
}

impl Real {
    fn changed(&mut self, changes: Result<Vec<Change>, LifeError>) -> bool {
        for change in changes.iter().flatten() {
            assert_eq!(change.before.as_ref(), self.replayed.record(&change.serial));
            assert!(!change.audit().is_empty() && change.before != change.after);
            self.replayed.apply(change);
        }
        changes.is_ok()
    }

    fn set_up(&mut self, user: u8, band: usize, rules: Rules) -> bool {
        self.next += 1;
        let set_up = SetUp {
            user: UserCoreId(user.into()),
            serial: SERIALS[band],
            rules,
            new_id: id(self.next),
        };
        let before = (self.registry.clone(), self.bands[band]);
        match self.registry.set_up(&set_up, &mut self.bands[band]) {
            Ok(done) => {
                let previous = before.0.record(SERIALS[band]).map(|record| record.user);
                let expected = previous.filter(|user| *user != set_up.user);
                assert_eq!(done.disconnected, expected);
                assert_eq!(done.plan.disconnects_other(), expected.is_some());
                assert!(expected.is_none() || !VARIANTS[band].is_seos());
                self.changed(Ok(done.changes))
            }
            Err(outcome) => {
                assert!(matches!(outcome, Outcome::Refuse(_)), "{outcome:?}");
                assert_eq!((self.registry.clone(), self.bands[band]), before);
                false
            }
        }
    }

    fn apply(&mut self, op: &Op) -> bool {
        match *op {
            Op::SetUp { user, band, rules } => return self.set_up(user, band, rules),
            Op::Edit {
                band,
                active,
                primary,
            } => {
                let edit = Edit {
                    is_active: active,
                    is_primary: primary,
                    note: None,
                };
                let changes = self.registry.edit(SERIALS[band], edit);
                return self.changed(changes);
            }
            Op::Suspend(band) => {
                let changes = self.registry.suspend(SERIALS[band]);
                return self.changed(changes);
            }
            Op::Restore(band) => {
                let changes = self.registry.restore(SERIALS[band]);
                return self.changed(changes);
            }
            Op::Retire(band) => {
                let changes = self.registry.retire(SERIALS[band], "Lost Band");
                return self.changed(changes);
            }
            Op::Disconnect(band) => {
                let changes = self.registry.disconnect(SERIALS[band]);
                return self.changed(changes.map(|change| vec![change]));
            }
            Op::DeleteUserData(band) => self.bands[band].delete_user_data(),
            Op::BreakOff(band) => self.bands[band].break_off_enrollment(),
            Op::Authenticate(band) => return self.bands[band].authenticate().is_ok(),
            Op::TakeOff(band) => self.bands[band].take_off(),
            Op::LockOut(band) => self.bands[band].lock_out(),
            Op::EnrollElsewhere(band) => {
                self.next += 1;
                self.bands[band].enroll(id(self.next));
            }
            Op::Backup => self.backup = self.registry.clone(),
            Op::Recover => {
                self.registry = self.backup.clone();
                self.replayed = self.backup.clone();
            }
        }
        true
    }
}

fn same(real: &Real, reference: &Reference) {
    let server = &reference.server;
    for (band, serial) in SERIALS.iter().enumerate() {
        let found = real.registry.record(serial).map(|record| {
            let user = u8::try_from(record.user.0).unwrap();
            (user, record.band_id, record.is_enrolled_here)
        });
        let owner = server.owner.get(&band).copied();
        assert_eq!(
            found,
            owner.map(|(user, number, here)| (user, id(number), here)),
            "{serial}"
        );
        if let Some(record) = real.registry.record(serial) {
            let user = owner.unwrap().0;
            assert_eq!(
                record.is_active,
                server.active.get(&user) == Some(&band),
                "{serial}"
            );
            assert_eq!(
                record.is_primary,
                server.primary.get(&user) == Some(&band),
                "{serial}"
            );
        }
        let who = real.registry.identify(serial, &real.bands[band]).ok();
        assert_eq!(
            who,
            reference.identify(band).map(|user| UserCoreId(user.into()))
        );
        let band_id = reference.on_band.get(&band).map(|number| id(*number));
        assert_eq!(real.bands[band].band_id(), band_id);
        assert_eq!(
            real.bands[band].is_locked_out(),
            reference.locked.contains(&band)
        );
        assert_eq!(
            real.bands[band].is_authenticated(),
            reference.authenticated.contains(&band)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_lives_are_those_of_the_reference(ops in proptest::collection::vec(any_op(), 0..60)) {
        let mut reference = Reference::default();
        let mut real = Real {
            registry: Registry::default(),
            backup: Registry::default(),
            replayed: Registry::default(),
            bands: VARIANTS.map(Wearable::new).to_vec(),
            next: 0,
        };
        for op in &ops {
            prop_assert_eq!(real.apply(op), reference.apply(op), "{:?}", op);
            same(&real, &reference);
            prop_assert_eq!(&real.replayed, &real.registry, "the changes say it all");
            // At most one active and one primary band a user, and no NymiBandID twice.
            let records = real.registry.records().clone();
            prop_assert!(Registry::from_rows(records, []).is_ok());
        }
    }
}
