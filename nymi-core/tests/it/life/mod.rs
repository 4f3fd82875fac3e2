//! The life of bands: the procedures of the guides here, random ones in `model`.

mod model;

use nymi_core::BandId;
use nymi_core::enrollment::*;
use nymi_core::life::*;
use nymi_core::policy::{Permissions, UserCoreId};

const USER: UserCoreId = UserCoreId(1);
const OTHER: UserCoreId = UserCoreId(2);

fn id(number: u8) -> BandId {
    BandId::new([0xc0, 0, 0, 0, 0, number])
}

fn rules(permissions: Permissions, self_service: SelfService) -> Rules {
    Rules {
        permissions,
        self_service,
        corporate_credentials: false,
    }
}

/// One NES, some bands, and a counter for new NymiBandIDs.
struct Site {
    registry: Registry,
    rules: Rules,
    next: u8,
}

impl Site {
    fn new(self_service: SelfService) -> Self {
        Self {
            registry: Registry::default(),
            rules: rules(Permissions::EnrollmentAndRegistration, self_service),
            next: 0,
        }
    }

    fn set_up(
        &mut self,
        user: UserCoreId,
        serial: &str,
        band: &mut Wearable,
    ) -> Result<Done, Outcome> {
        self.next += 1;
        let set_up = SetUp {
            user,
            serial,
            rules: self.rules,
            new_id: id(self.next),
        };
        self.registry.set_up(&set_up, band)
    }

    /// Is Active and Is Primary of the user's bands, as the page shows them.
    fn page(&self, user: UserCoreId) -> Vec<(&str, &'static str, &'static str)> {
        let row =
            |(serial, record): (_, &Record)| (serial, record.active_text(), record.primary_text());
        self.registry.bands_of(user).map(row).collect()
    }
}

fn plain() -> Wearable {
    Wearable::new(Variant::Plain)
}

fn refused(done: Result<Done, Outcome>) -> Reason {
    match done {
        Err(Outcome::Refuse(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_enrollment_assigns_links_and_authenticates() {
    let mut site = Site::new(SelfService::Off);
    let mut band = plain();
    let done = site.set_up(USER, "AAAA-00001", &mut band).unwrap();
    assert_eq!(done.event(), Some(EventType::Enrolled));
    assert_eq!(done.changes.len(), 1);
    assert_eq!(done.changes[0].audit(), ['C']);
    assert!(band.is_authenticated());
    assert_eq!(site.page(USER), [("AAAA-00001", "Active", "Primary")]);
    assert_eq!(site.registry.identify("AAAA-00001", &band), Ok(USER));
}

/// Guide 000, 10.4.
#[test]
fn a_suspended_band_authenticates_and_identifies_nobody() {
    let mut site = Site::new(SelfService::Off);
    let mut band = plain();
    site.set_up(USER, "A", &mut band).unwrap();
    let changes = site.registry.suspend("A").unwrap();
    assert_eq!(changes[0].audit(), ['U']);
    assert_eq!(site.page(USER), [("A", "", "Primary")]);
    assert_eq!(
        site.registry.identify("A", &band),
        Err(TapRefusal::NotActive)
    );
    band.take_off();
    assert_eq!(band.authenticate(), Ok(()));
    assert!(
        site.registry.suspend("A").unwrap().is_empty(),
        "saving without a change"
    );
    band.delete_user_data();
    assert_eq!(band.authenticate(), Err(CannotAuthenticate::NoUser));
}

/// Guide 000, 10.3.2.1 "Issuing a temporary Nymi Band to a User" and "Restore Use".
#[test]
fn a_temporary_band_and_back() {
    for wipes in [false, true] {
        for disconnects in [false, true] {
            let mut site = Site::new(SelfService::Off);
            let (mut own, mut temporary) = (plain(), plain());
            site.set_up(USER, "A", &mut own).unwrap();
            let second = site.set_up(USER, "T", &mut temporary);
            assert_eq!(refused(second), Reason::ReEnrollmentForbidden);
            site.registry.suspend("A").unwrap();
            site.set_up(USER, "T", &mut temporary).unwrap();
            assert_eq!(site.page(USER), [("A", "", "Primary"), ("T", "Active", "")]);

            if wipes {
                own.delete_user_data();
            }
            if disconnects {
                site.registry.disconnect("T").unwrap();
                site.registry.restore("A").unwrap();
                assert_eq!(site.page(USER), [("A", "Active", "Primary")]);
            } else {
                assert_eq!(site.registry.restore("A").unwrap().len(), 2);
                assert_eq!(site.page(USER), [("A", "Active", "Primary"), ("T", "", "")]);
            }
            own.take_off();
            let works = own.authenticate().is_ok() && site.registry.identify("A", &own) == Ok(USER);
            assert_eq!(works, !wipes);
            assert!(site.registry.identify("T", &temporary).is_err());
            if !disconnects {
                // The deactivated one can be put into use again, too.
                site.registry.restore("T").unwrap();
                assert_eq!(site.registry.identify("T", &temporary), Ok(USER));
            }
        }
    }
}

/// Guide 000, 10.3.2.1 "Replacing the Nymi Band for a User".
#[test]
fn a_lost_band_is_replaced() {
    let mut site = Site::new(SelfService::Off);
    let (mut lost, mut new) = (plain(), plain());
    site.set_up(USER, "A", &mut lost).unwrap();
    site.registry.retire("A", "Lost Band").unwrap();
    site.set_up(USER, "B", &mut new).unwrap();
    assert_eq!(site.page(USER), [("A", "", ""), ("B", "Active", "Primary")]);
    assert_eq!(
        site.registry.record("A").unwrap().note.as_deref(),
        Some("Lost Band")
    );
    assert_ne!(lost.band_id(), new.band_id(), "nothing is carried over");
}

#[test]
fn a_note_stays_with_its_user() {
    let mut site = Site::new(SelfService::Any);
    let mut band = plain();
    site.set_up(USER, "A", &mut band).unwrap();
    let edit = Edit {
        is_active: true,
        is_primary: true,
        note: Some("Scratched".into()),
    };
    site.registry.edit("A", edit).unwrap();
    for (user, note) in [(USER, Some("Scratched")), (OTHER, None)] {
        band.delete_user_data();
        site.set_up(user, "A", &mut band).unwrap();
        let record = &site.registry.records()["A"];
        assert_eq!((record.user, record.note.as_deref()), (user, note));
    }
}

#[test]
fn a_terminal_finds_a_band_locked_out_until_it_is_vouched_for() {
    let mut band = plain();
    band.enroll(id(1));
    assert_eq!(band.state(), BandState::Authenticated);
    band.take_off();
    assert_eq!(band.state(), BandState::Unauthenticated);
    band.lock_out();
    assert_eq!(band.state(), BandState::LockedOut);
    band.authenticate_with_credentials().unwrap();
    band.take_off();
    assert_eq!(band.state(), BandState::Unauthenticated);
}

/// Guide 000, 10.3.2.1 "Reassigning a Nymi Band" and 10.3.2.2.
#[test]
fn without_self_service_both_steps_are_needed() {
    for user in [USER, OTHER] {
        let enrolled = || {
            let mut site = Site::new(SelfService::Off);
            let mut band = plain();
            site.set_up(USER, "A", &mut band).unwrap();
            (site, band)
        };
        let (mut site, mut band) = enrolled();
        band.delete_user_data();
        let reason = match user {
            USER => Reason::ReEnrollmentForbidden,
            _ => Reason::ReEnrollmentOther,
        };
        assert_eq!(refused(site.set_up(user, "A", &mut band)), reason);

        let (mut site, mut band) = enrolled();
        let change = site.registry.disconnect("A").unwrap();
        assert_eq!(change.audit(), ['U', 'D']);
        assert_eq!(
            refused(site.set_up(user, "A", &mut band)),
            Reason::Disconnected
        );
        assert_eq!(
            site.registry.identify("A", &band),
            Err(TapRefusal::NotAssociated)
        );

        band.delete_user_data();
        let done = site.set_up(user, "A", &mut band).unwrap();
        assert_eq!(done.event(), Some(EventType::Enrolled));
        assert_eq!(site.page(user), [("A", "Active", "Primary")]);
        assert!(site.registry.disconnect("B").is_err());
    }
}

/// Guide 003: the example of tw-user2.
#[test]
fn self_service_to_the_band_of_another_user() {
    let mut site = Site::new(SelfService::Any);
    let (mut first, mut second) = (plain(), plain());
    site.set_up(USER, "AAAH-00125", &mut first).unwrap();
    site.set_up(OTHER, "ACAK-00056", &mut second).unwrap();
    assert_eq!(
        refused(site.set_up(USER, "ACAK-00056", &mut second)),
        Reason::UserDoesNotExist
    );
    second.delete_user_data();
    let done = site.set_up(USER, "ACAK-00056", &mut second).unwrap();
    assert_eq!(done.event(), Some(EventType::ReEnrolledOther));
    assert_eq!(done.disconnected, Some(OTHER));
    assert_eq!(
        site.page(USER),
        [("AAAH-00125", "", "Primary"), ("ACAK-00056", "Active", "")]
    );
    assert_eq!(site.page(OTHER), []);
    // And back to the own one.
    first.delete_user_data();
    let done = site.set_up(USER, "AAAH-00125", &mut first).unwrap();
    assert_eq!(done.event(), Some(EventType::ReEnrolledOwn));
    assert_eq!(
        site.page(USER),
        [("AAAH-00125", "Active", "Primary"), ("ACAK-00056", "", "")]
    );
}

/// Two servers: guide 000, 6 and 10.4.
#[test]
fn a_band_serves_two_domains_until_both_are_told() {
    let mut it = Site::new(SelfService::Own);
    it.rules.permissions = Permissions::EnrollmentOnly;
    let mut ot = Site::new(SelfService::Own);
    ot.rules.permissions = Permissions::RegistrationOnly;
    let mut band = plain();
    assert_eq!(
        refused(ot.set_up(USER, "A", &mut band)),
        Reason::RegistrationOnly
    );
    it.set_up(USER, "A", &mut band).unwrap();
    assert!(
        ot.registry.record("A").is_none(),
        "not there before it is registered"
    );
    let done = ot.set_up(OTHER, "A", &mut band).unwrap();
    assert_eq!(done.event(), Some(EventType::Registered));
    assert!(!ot.registry.record("A").unwrap().is_enrolled_here);
    assert!(it.registry.record("A").unwrap().is_enrolled_here);
    assert_eq!(it.registry.identify("A", &band), Ok(USER));
    assert_eq!(ot.registry.identify("A", &band), Ok(OTHER));

    it.registry.suspend("A").unwrap();
    assert_eq!(ot.registry.identify("A", &band), Ok(OTHER));
    ot.registry.suspend("A").unwrap();
    assert!(ot.registry.identify("A", &band).is_err());

    // Enrolled again in one domain, it has to be registered again in the other.
    band.delete_user_data();
    assert_eq!(
        refused(ot.set_up(OTHER, "A", &mut band)),
        Reason::RegistrationOnly
    );
    it.set_up(USER, "A", &mut band).unwrap();
    assert_eq!(
        ot.registry.identify("A", &band),
        Err(TapRefusal::NotAssociated)
    );
    band.take_off();
    assert_eq!(
        refused(ot.set_up(OTHER, "A", &mut band)),
        Reason::NotAuthenticated
    );
    band.authenticate().unwrap();
    ot.set_up(OTHER, "A", &mut band).unwrap();
    assert_eq!(ot.registry.identify("A", &band), Ok(OTHER));
}

/// Guide 000, 13.2.3: what was done since the backup is gone at the server, and not at the bands.
#[test]
fn after_a_database_recovery_bands_are_enrolled_again() {
    let mut site = Site::new(SelfService::Off);
    let (mut before, mut since) = (plain(), plain());
    site.set_up(USER, "A", &mut before).unwrap();
    let backup = site.registry.clone();
    site.registry.disconnect("A").unwrap();
    before.delete_user_data();
    site.set_up(USER, "A", &mut before).unwrap();
    site.set_up(OTHER, "B", &mut since).unwrap();

    site.registry = backup;
    site.rules.permissions = Permissions::EnrollmentOnly;
    for (user, serial, band) in [(USER, "A", &mut before), (OTHER, "B", &mut since)] {
        assert_eq!(
            site.registry.identify(serial, band),
            Err(TapRefusal::NotAssociated)
        );
        assert_eq!(
            refused(site.set_up(user, serial, band)),
            Reason::EnrollmentOnly
        );
        band.delete_user_data();
        if user == USER {
            assert_eq!(
                refused(site.set_up(user, serial, band)),
                Reason::ReEnrollmentForbidden
            );
            site.registry.disconnect(serial).unwrap();
        }
        site.set_up(user, serial, band).unwrap();
        assert_eq!(site.registry.identify(serial, band), Ok(user));
    }
}

#[test]
fn a_lockout_ends_by_credentials_or_enrollment_alone() {
    let mut site = Site::new(SelfService::Own);
    let mut band = plain();
    site.set_up(USER, "A", &mut band).unwrap();
    band.lock_out();
    band.take_off();
    assert_eq!(band.authenticate(), Err(CannotAuthenticate::LockedOut));
    assert_eq!(
        refused(site.set_up(USER, "A", &mut band)),
        Reason::NotAuthenticated
    );
    site.rules.corporate_credentials = true;
    let done = site.set_up(USER, "A", &mut band).unwrap();
    assert_eq!(done.plan.path, Path::AuthenticateWithCredentials);
    assert!(band.is_authenticated() && !band.is_locked_out());

    band.lock_out();
    band.delete_user_data();
    assert!(band.is_locked_out());
    site.set_up(USER, "A", &mut band).unwrap();
    assert!(band.is_authenticated() && !band.is_locked_out());
}

#[test]
fn an_enrollment_that_broke_off_is_begun_anew() {
    let mut site = Site::new(SelfService::Off);
    let mut band = plain();
    band.break_off_enrollment();
    assert_eq!(
        refused(site.set_up(USER, "A", &mut band)),
        Reason::PartlyEnrolled
    );
    band.delete_user_data();
    site.set_up(USER, "A", &mut band).unwrap();
    // Broken off after that, it is completed by a log-in.
    let done = site.set_up(USER, "A", &mut band).unwrap();
    assert_eq!(done.plan.path, Path::LogIn);
    assert!(done.changes.is_empty());
}

#[test]
fn rows_that_cannot_be_are_refused() {
    let record = |band: u8, is_active, is_primary| Record {
        user: USER,
        band_id: id(band),
        is_active,
        is_primary,
        is_enrolled_here: true,
        note: None,
    };
    let rows = |a, b| Registry::from_rows([("A".into(), a), ("B".into(), b)], []);
    assert!(rows(record(1, true, false), record(2, true, false)).is_err());
    assert!(rows(record(1, true, true), record(2, false, true)).is_err());
    assert!(rows(record(1, true, true), record(1, false, false)).is_err());
    assert!(rows(record(1, true, false), record(2, false, true)).is_ok());
}

#[test]
fn a_search_finds_by_either_name_or_both() {
    let person = Person {
        first_name: "Given".into(),
        last_name: "Family-Name".into(),
        username: "tw-user2".into(),
    };
    for (query, found) in [
        ("given", true),
        ("FAMILY", true),
        ("Given Family-Name", true),
        ("ven fam", true),
        ("user2", true),
        ("Family-Name Given", false),
        ("somebody", false),
        ("  ", false),
    ] {
        assert_eq!(person.matches(query), found, "{query:?}");
    }
    assert_eq!(CREATED_BY_SEARCH, "Created from an AD search result");
}

#[test]
fn the_page_of_a_band_has_sixteen_fields() {
    let mut details = BandDetails {
        domain: "CORP".into(),
        username: "tw-user2".into(),
        serial: "ACAK-00056".into(),
        record: Record {
            user: USER,
            band_id: id(1),
            is_active: true,
            is_primary: false,
            is_enrolled_here: false,
            note: Some("Lost Band".into()),
        },
        nfc_uid: Some("04A1B2C3D4E5F6".into()),
        has_symmetric_key: true,
        has_corporate_authenticator: false,
        has_encrypted_password: true,
        has_fingerprint: true,
        label: None,
        firmware: Some("4.11.1.2".into()),
        created: "2025-10-20".into(),
        modified: "2025-10-21".into(),
    };
    let value = |details: &BandDetails, name: &str| {
        let fields = details.fields();
        fields.into_iter().find(|field| field.0 == name).unwrap().1
    };
    let shown = [
        ("Domain\\Username", "CORP\\tw-user2"),
        ("Band ID", "C0:00:00:00:00:01"),
        ("NFC UID", "04A1B2C3D4E5F6"),
        ("Security App Key", "Created"),
        ("Corp Credentials Auth", "Not Created"),
        ("Serial Number", "ACAK-00056"),
        ("Encrypted Password", "Stored"),
        ("Has Fingerprint", "Yes"),
        ("Band Label", ""),
        ("Firmware Version", "4.11.1.2"),
        ("Is Band Enrolled Here", "No"),
        ("Created", "2025-10-20"),
        ("Modified", "2025-10-21"),
        ("Is Active", "Active"),
        ("Is Primary", ""),
        ("Notes", "Lost Band"),
    ];
    assert_eq!(
        details.fields().map(|field| field.0),
        shown.map(|field| field.0)
    );
    for (name, expected) in shown {
        assert_eq!(value(&details, name), expected, "{name}");
    }
    details.has_symmetric_key = false;
    details.has_corporate_authenticator = true;
    details.has_encrypted_password = false;
    details.has_fingerprint = false;
    details.record.is_enrolled_here = true;
    for (name, expected) in [
        ("Security App Key", "Not Created"),
        ("Corp Credentials Auth", "Created"),
        ("Encrypted Password", "Missing"),
        ("Has Fingerprint", "No"),
        ("Is Band Enrolled Here", "Yes"),
    ] {
        assert_eq!(value(&details, name), expected, "{name}");
    }
}
