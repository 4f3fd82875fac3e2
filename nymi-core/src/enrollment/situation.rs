//! The facts of a decision, as types that hold no impossible pair, and all of them.

use alloc::vec::Vec;

use crate::policy::{GroupPolicy, Permissions};

/// How far users may enroll again without an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SelfService {
    /// Not at all.
    Off,
    /// Their own band, or one that is nobody's.
    Own,
    /// Also the band of another user, unless it has Seos.
    Any,
}

/// What the user's effective policy says about enrollment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// What may be done at this NES.
    pub permissions: Permissions,
    /// How far users may enroll again.
    pub self_service: SelfService,
    /// Whether the band can be authenticated with directory credentials: the policy allows it, and
    /// did so when this band was enrolled (guide 002, "Troubleshooting Persistent Authentication
    /// Failures (Lockout)").
    pub corporate_credentials: bool,
}

impl Rules {
    /// Those of the policy that is effective for the user.
    pub fn of(effective: &GroupPolicy) -> Self {
        let values = effective.values();
        Self {
            permissions: values.permissions,
            self_service: match (
                values.allow_re_enrollment,
                values.allow_re_enrollment_of_any,
            ) {
                (false, _) => SelfService::Off,
                (true, false) => SelfService::Own,
                (true, true) => SelfService::Any,
            },
            corporate_credentials: values.corporate_credentials,
        }
    }
}

/// Which enrollment of the band a record of this NES is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The one that is on the band now, made here.
    EnrolledHere,
    /// The one that is on the band now, made at another NES and registered here.
    RegisteredHere,
    /// One before that which is on the band now: the NymiBandIDs differ.
    Earlier,
}

/// The user's active band at this NES.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UsersActive {
    /// There is none.
    None,
    /// The tapped one.
    This,
    /// Another one.
    Another,
}

/// Whose the tapped band is, by its serial number, and what the user has besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Association {
    /// This NES has never seen the band's present enrollment, and the band is nobody's.
    Unknown {
        /// The user has another band, which is active.
        user_has_another: bool,
    },
    /// An administrator disconnected the band's present enrollment from its user.
    Disconnected {
        /// The user has another band, which is active.
        user_has_another: bool,
    },
    /// This user's.
    Own {
        /// Which enrollment the record is about.
        origin: Origin,
        /// Which of the user's bands is active.
        active: UsersActive,
    },
    /// Another user's.
    Others {
        /// Which enrollment the record is about.
        origin: Origin,
        /// The user has another band, which is active.
        user_has_another: bool,
    },
}

impl Association {
    /// The user's active band.
    pub const fn users_active(self) -> UsersActive {
        match self {
            Self::Own { active, .. } => active,
            Self::Unknown { user_has_another }
            | Self::Disconnected { user_has_another }
            | Self::Others {
                user_has_another, ..
            } => match user_has_another {
                true => UsersActive::Another,
                false => UsersActive::None,
            },
        }
    }
}

/// The band's kind, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    /// Without Seos.
    Plain,
    /// With Seos, and its record was imported.
    SeosImported,
    /// With Seos, and its record is missing.
    SeosUnknown,
}

impl Variant {
    /// Whether the band has Seos.
    pub const fn is_seos(self) -> bool {
        !matches!(self, Self::Plain)
    }
}

/// The band as the terminal finds it at the first tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BandState {
    /// None is near; only possible while the user signs in.
    Absent,
    /// Never enrolled: it shows a setup code.
    Unenrolled,
    /// Its user data was deleted, also by recovery; locked out or not.
    Wiped,
    /// An enrollment broke off before it had a user: it shows "Add User".
    Partly,
    /// Enrolled and authenticated.
    Authenticated,
    /// Enrolled and not authenticated.
    Unauthenticated,
    /// Enrolled, and too many fingerprints failed.
    LockedOut,
}

/// What came of signing in to the Band Application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignIn {
    /// The credentials are right.
    Accepted,
    /// They are not.
    WrongCredentials,
    /// The server lacks a route that the application needs.
    RouteMissing,
}

/// What came of the fingerprint template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Template {
    /// It is on the band.
    Created,
    /// It failed, for the first or second time in a row.
    Failed,
    /// It failed for the third time in a row.
    FailedThrice,
}

/// What came of the last exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finish {
    /// Band and server hold the same keys.
    Agreed,
    /// They do not: CMAC or L2 differ.
    CmacMismatch,
    /// The server failed to make them.
    ServerError,
    /// The server does not answer (503).
    ServerUnavailable,
    /// The band is full.
    BandMemoryFull,
}

/// A step, with what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The user signs in.
    SignIn(SignIn),
    /// The first tap: here it is decided what is to be done.
    FirstTap,
    /// The device id goes to the server, which compares clocks.
    DeviceId {
        /// The terminal's clock is within the policy's bounds.
        clock_in_bounds: bool,
    },
    /// The band makes a template of the fingerprint.
    Template(Template),
    /// The second tap.
    ConfirmTap {
        /// It was of the same band.
        is_same_band: bool,
    },
    /// Keys are agreed and all is stored.
    Finish(Finish),
}

impl Step {
    /// Every step with everything that can come of it.
    pub const ALL: &'static [Self] = &[
        Self::SignIn(SignIn::Accepted),
        Self::SignIn(SignIn::WrongCredentials),
        Self::SignIn(SignIn::RouteMissing),
        Self::FirstTap,
        Self::DeviceId {
            clock_in_bounds: true,
        },
        Self::DeviceId {
            clock_in_bounds: false,
        },
        Self::Template(Template::Created),
        Self::Template(Template::Failed),
        Self::Template(Template::FailedThrice),
        Self::ConfirmTap { is_same_band: true },
        Self::ConfirmTap {
            is_same_band: false,
        },
        Self::Finish(Finish::Agreed),
        Self::Finish(Finish::CmacMismatch),
        Self::Finish(Finish::ServerError),
        Self::Finish(Finish::ServerUnavailable),
        Self::Finish(Finish::BandMemoryFull),
    ];

    /// Whether it can be without a band.
    pub const fn is_sign_in(self) -> bool {
        matches!(self, Self::SignIn(_))
    }
}

/// All the facts of a decision. Association and band state are those that the first tap found, at
/// the later steps, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Situation {
    /// The policy.
    pub rules: Rules,
    /// Whose the band is.
    pub association: Association,
    /// Its kind.
    pub variant: Variant,
    /// Its state.
    pub band: BandState,
    /// The step.
    pub step: Step,
}

impl Rules {
    /// Every combination.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for permissions in Permissions::ALL {
            for self_service in [SelfService::Off, SelfService::Own, SelfService::Any] {
                for corporate_credentials in [false, true] {
                    all.push(Self {
                        permissions: *permissions,
                        self_service,
                        corporate_credentials,
                    });
                }
            }
        }
        all
    }
}

impl Association {
    /// Every combination.
    pub fn all() -> Vec<Self> {
        use Origin::{Earlier, EnrolledHere, RegisteredHere};
        let mut all = Vec::new();
        for user_has_another in [false, true] {
            all.push(Self::Unknown { user_has_another });
            all.push(Self::Disconnected { user_has_another });
        }
        for origin in [EnrolledHere, RegisteredHere, Earlier] {
            for active in [UsersActive::This, UsersActive::None, UsersActive::Another] {
                all.push(Self::Own { origin, active });
            }
        }
        for origin in [EnrolledHere, RegisteredHere, Earlier] {
            for user_has_another in [false, true] {
                all.push(Self::Others {
                    origin,
                    user_has_another,
                });
            }
        }
        all
    }
}

impl Variant {
    /// Every variant.
    pub const ALL: &'static [Self] = &[Self::Plain, Self::SeosImported, Self::SeosUnknown];
}

impl BandState {
    /// Every state.
    pub const ALL: &'static [Self] = &[
        Self::Absent,
        Self::Unenrolled,
        Self::Wiped,
        Self::Partly,
        Self::Authenticated,
        Self::Unauthenticated,
        Self::LockedOut,
    ];
}

impl Situation {
    /// Every situation that there can be.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for rules in Rules::all() {
            for association in Association::all() {
                for variant in Variant::ALL {
                    for band in BandState::ALL {
                        let steps = Step::ALL
                            .iter()
                            .filter(|step| *band != BandState::Absent || step.is_sign_in());
                        all.extend(steps.map(|step| Self {
                            rules,
                            association,
                            variant: *variant,
                            band: *band,
                            step: *step,
                        }));
                    }
                }
            }
        }
        all
    }
}
