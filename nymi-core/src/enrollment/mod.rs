//! Enrollment and registration: what may be done with a tapped band, for whom, and what else follows.
//!
//! [`decide()`] is one total function over [`Situation`], whose values are finite; a test walks through
//! all of them, and `docs/enrollment-decisions.md` shows them. Server, Band Application and console
//! ask it at every step, so that a step cannot be skipped by asking for a later one. The server only
//! has to look up facts, and to carry out the [`Plan`].
//!
//! ```
//! use nymi_core::enrollment::*;
//! use nymi_core::policy::GroupPolicy;
//!
//! let mut situation = Situation {
//!     rules: Rules::of(&GroupPolicy::default()),
//!     association: Association::Unknown { user_has_another: false },
//!     variant: Variant::Plain,
//!     band: BandState::Unenrolled,
//!     step: Step::Finish(Finish::Agreed),
//! };
//! let Outcome::Go(plan) = decide(&situation) else { panic!() };
//! assert_eq!(plan.event(), Some(EventType::Enrolled));
//!
//! situation.association = Association::Others { origin: Origin::Earlier, user_has_another: false };
//! assert_eq!(decide(&situation), Outcome::Refuse(Reason::ReEnrollmentOther));
//! ```

mod decide;
mod event;
mod made;
mod reason;
mod situation;

pub use decide::{Kind, Outcome, Path, Plan, Prompt, decide};
pub use event::EventType;
pub use made::{LABEL_CHARS, LabelError, LabelScreen, Made};
pub use reason::Reason;
pub use situation::{
    Association, BandState, Finish, Origin, Rules, SelfService, SignIn, Situation, Step, Template,
    UsersActive, Variant,
};
