//! The decision.

use super::{
    Association, BandState, EventType, Finish, Origin, Reason, SelfService, SignIn, Situation,
    Step, Template, UsersActive,
};

/// What is done with the band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// It is enrolled: a new NymiBandID, template and keys.
    Enroll(Kind),
    /// Its present enrollment is registered at this NES, too.
    Register(Kind),
    /// Its user logs in: policy changes and an interrupted enrollment are completed.
    LogIn,
    /// It is authenticated with the user's directory credentials.
    AuthenticateWithCredentials,
}

/// How an enrollment or registration relates to what was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Neither the band nor the user had a part in one.
    First,
    /// The band is the user's own, or the user has another active one.
    Again,
    /// The band is taken over from another user.
    TakeOver,
}

/// What is to be done, and what goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// What is done with the band.
    pub path: Path,
    /// The user's other active band becomes inactive, and stays primary if it is (guide 003).
    pub replaces_active: bool,
}

impl Plan {
    /// The event of its completion; a log-in writes none.
    pub const fn event(&self) -> Option<EventType> {
        match self.path {
            Path::Enroll(Kind::First) => Some(EventType::Enrolled),
            Path::Enroll(Kind::Again) => Some(EventType::ReEnrolledOwn),
            Path::Enroll(Kind::TakeOver) => Some(EventType::ReEnrolledOther),
            Path::Register(_) => Some(EventType::Registered),
            Path::LogIn | Path::AuthenticateWithCredentials => None,
        }
    }

    /// Whether the band's association with another user ends; the event names that user as
    /// DisconnectUserCoreId.
    pub const fn disconnects_other(&self) -> bool {
        matches!(
            self.path,
            Path::Enroll(Kind::TakeOver) | Path::Register(Kind::TakeOver)
        )
    }
}

/// What the application asks the user for while nothing is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prompt {
    /// The user has a band, and none is authenticated nearby; it goes away by itself when one is.
    AuthenticateYourBand,
    /// The fingerprint template failed; Start tries again.
    TryFingerprintAgain,
    /// The server does not answer; nothing was written to the band, and it can be tried again.
    ServerUnavailable,
}

impl Prompt {
    /// Every prompt.
    pub const ALL: &'static [Self] = &[
        Self::AuthenticateYourBand,
        Self::TryFingerprintAgain,
        Self::ServerUnavailable,
    ];

    /// The text on the screen.
    pub const fn message(self) -> &'static str {
        match self {
            Self::AuthenticateYourBand => "Authenticate to your Nymi Band",
            Self::TryFingerprintAgain => "Fingerprint creation failed, try again",
            Self::ServerUnavailable => {
                "The Nymi Enterprise Server does not answer. Nothing was changed on the Nymi Band; \
                 try again later."
            }
        }
    }
}

/// The answer to a situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The user is signed in; now the band is to be tapped.
    Tap,
    /// The step is done, and this is what all of it leads to.
    Go(Plan),
    /// The step is not done yet.
    Prompt(Prompt),
    /// It ends here, and nothing is stored but the event.
    Refuse(Reason),
}

/// Decides. What is refused at the first tap is refused at every later step for the same reason.
pub fn decide(situation: &Situation) -> Outcome {
    if let Step::SignIn(sign_in) = situation.step {
        return signed_in(situation, sign_in);
    }
    if situation.band == BandState::Absent {
        return Outcome::Prompt(Prompt::AuthenticateYourBand);
    }
    match admit(situation) {
        Ok(plan) => step(situation.step, plan),
        Err(reason) => Outcome::Refuse(reason),
    }
}

fn signed_in(situation: &Situation, sign_in: SignIn) -> Outcome {
    match sign_in {
        SignIn::WrongCredentials => return Outcome::Refuse(Reason::WrongCredentials),
        SignIn::RouteMissing => return Outcome::Refuse(Reason::ServerTooOld),
        SignIn::Accepted => {}
    }
    let may_enroll_again = situation.rules.self_service != SelfService::Off;
    let waits_for_band = match situation.band {
        BandState::Absent => true,
        BandState::Authenticated => false,
        BandState::Unenrolled | BandState::Wiped | BandState::Partly => !may_enroll_again,
        BandState::Unauthenticated | BandState::LockedOut => !situation.rules.corporate_credentials,
    };
    let has_band = situation.association.users_active() != UsersActive::None;
    match has_band && waits_for_band {
        true => Outcome::Prompt(Prompt::AuthenticateYourBand),
        false => Outcome::Tap,
    }
}

/// What the tapped band allows.
fn admit(situation: &Situation) -> Result<Plan, Reason> {
    match situation.band {
        BandState::Unenrolled | BandState::Wiped => enroll(situation),
        BandState::Partly if situation.rules.permissions.allow_enrollment() => {
            Err(Reason::PartlyEnrolled)
        }
        BandState::Partly => Err(Reason::RegistrationOnly),
        BandState::Authenticated => register(situation),
        BandState::Unauthenticated | BandState::LockedOut | BandState::Absent => {
            unauthenticated(situation)
        }
    }
}

fn plan(situation: &Situation, path: Path) -> Plan {
    Plan {
        path,
        replaces_active: situation.association.users_active() == UsersActive::Another,
    }
}

/// A blank band is enrolled.
fn enroll(situation: &Situation) -> Result<Plan, Reason> {
    let rules = &situation.rules;
    if !rules.permissions.allow_enrollment() {
        return Err(Reason::RegistrationOnly);
    }
    let own_or_next = || match rules.self_service {
        SelfService::Off => Err(Reason::ReEnrollmentForbidden),
        SelfService::Own | SelfService::Any => Ok(Kind::Again),
    };
    let kind = match situation.association {
        Association::Others { .. } => {
            from_other(situation)?;
            Kind::TakeOver
        }
        Association::Own { .. } => own_or_next()?,
        Association::Unknown { user_has_another }
        | Association::Disconnected { user_has_another } => match user_has_another {
            true => own_or_next()?,
            false => Kind::First,
        },
    };
    if situation.variant == super::Variant::SeosUnknown {
        return Err(Reason::SeosRecordMissing);
    }
    Ok(plan(situation, Path::Enroll(kind)))
}

/// Whether a band may go from another user to this one.
fn from_other(situation: &Situation) -> Result<(), Reason> {
    if situation.variant.is_seos() {
        Err(Reason::ReEnrollmentSeos)
    } else if situation.rules.self_service != SelfService::Any {
        Err(Reason::ReEnrollmentOther)
    } else {
        Ok(())
    }
}

/// An authenticated band: its user logs in, or it is registered.
fn register(situation: &Situation) -> Result<Plan, Reason> {
    let rules = &situation.rules;
    let kind = match situation.association {
        Association::Own {
            origin: Origin::EnrolledHere | Origin::RegisteredHere,
            active,
        } => {
            return own_is_active(active).map(|()| plan(situation, Path::LogIn));
        }
        Association::Disconnected { .. } => return Err(Reason::Disconnected),
        _ if !rules.permissions.allow_registration() => return Err(Reason::EnrollmentOnly),
        Association::Own { .. } => Kind::Again,
        Association::Unknown { user_has_another } => match user_has_another {
            true => Kind::Again,
            false => Kind::First,
        },
        // The finger on the band is the other user's, and this NES has seen that.
        Association::Others {
            origin: Origin::EnrolledHere,
            ..
        } => return Err(Reason::UserDoesNotExist),
        Association::Others { .. } if situation.variant.is_seos() => {
            return Err(Reason::ReRegistrationSeos);
        }
        Association::Others { .. } => Kind::TakeOver,
    };
    let is_allowed = match kind {
        Kind::First => true,
        Kind::Again => rules.self_service != SelfService::Off,
        Kind::TakeOver => rules.self_service == SelfService::Any,
    };
    match is_allowed {
        true => Ok(plan(situation, Path::Register(kind))),
        false => Err(Reason::ReRegistrationForbidden),
    }
}

fn own_is_active(active: UsersActive) -> Result<(), Reason> {
    match active {
        UsersActive::This => Ok(()),
        UsersActive::None | UsersActive::Another => Err(Reason::NotActive),
    }
}

/// A band with a user's data on it, who has not authenticated.
fn unauthenticated(situation: &Situation) -> Result<Plan, Reason> {
    let rules = &situation.rules;
    match situation.association {
        Association::Own {
            origin: Origin::EnrolledHere | Origin::RegisteredHere,
            active,
        } if rules.corporate_credentials => {
            own_is_active(active)?;
            Ok(plan(situation, Path::AuthenticateWithCredentials))
        }
        Association::Others { .. } if rules.permissions.allow_enrollment() => {
            from_other(situation)?;
            Err(Reason::UserDoesNotExist)
        }
        Association::Others { .. } if situation.variant.is_seos() => {
            Err(Reason::ReRegistrationSeos)
        }
        Association::Unknown { .. } if !rules.permissions.allow_enrollment() => {
            Err(Reason::RegistrationOnly)
        }
        Association::Unknown { .. }
        | Association::Disconnected { .. }
        | Association::Own { .. }
        | Association::Others { .. } => Err(Reason::NotAuthenticated),
    }
}

/// What comes of a step of a plan. Steps that a plan does not have change nothing.
fn step(step: Step, plan: Plan) -> Outcome {
    let enrolls = matches!(plan.path, Path::Enroll(_));
    let agrees = matches!(plan.path, Path::Enroll(_) | Path::Register(_));
    match step {
        Step::DeviceId {
            clock_in_bounds: false,
        } => Outcome::Refuse(Reason::TerminalClock),
        Step::Template(Template::Failed) if enrolls => Outcome::Prompt(Prompt::TryFingerprintAgain),
        Step::Template(Template::FailedThrice) if enrolls => {
            Outcome::Refuse(Reason::TemplateLockout)
        }
        Step::ConfirmTap {
            is_same_band: false,
        } if enrolls => Outcome::Refuse(Reason::ConfirmTapDiffers),
        Step::Finish(Finish::CmacMismatch) if agrees => Outcome::Refuse(Reason::CmacMismatch),
        Step::Finish(Finish::ServerError) if agrees => Outcome::Refuse(Reason::AdvKeyError),
        Step::Finish(Finish::BandMemoryFull) if agrees => Outcome::Refuse(Reason::BandMemory),
        Step::Finish(Finish::ServerUnavailable) => Outcome::Prompt(Prompt::ServerUnavailable),
        Step::SignIn(_)
        | Step::FirstTap
        | Step::DeviceId { .. }
        | Step::Template(_)
        | Step::ConfirmTap { .. }
        | Step::Finish(_) => Outcome::Go(plan),
    }
}
