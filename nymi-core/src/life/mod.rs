//! Band life: what happens to bands and their users between a first enrollment and a last
//! disconnect (guide 000, 10.3 to 10.5; guide 003).
//!
//! A [`Wearable`] is the thing on the wrist, a [`Registry`] what one NES knows of users and bands.
//! The two are apart on purpose: an administrator who suspends a band changes the registry, and the
//! band goes on accepting its user's finger; deleting user data changes the band, and the registry
//! still names its user. Each operation says in [`Change`]s what became of the registry, so that a
//! server can load the rows concerned, ask, and write exactly those changes and their audit rows.
//!
//! | what the guide calls it | here |
//! | --- | --- |
//! | enroll, register, log in, re-enroll | [`Registry::set_up`] |
//! | suspend the active band | [`Registry::suspend`] |
//! | issue a temporary band | [`Registry::suspend`], then [`Registry::set_up`] with another band |
//! | restore the original band | [`Registry::restore`] |
//! | replace a lost or broken band | [`Registry::retire`], then [`Registry::set_up`] |
//! | disconnect, reassign | [`Registry::disconnect`] |
//! | delete user data, recovery mode | [`Wearable::delete_user_data`] |
//! | database recovery | an older [`Registry`] in the place of the newer |
//!
//! ```
//! use nymi_core::BandId;
//! use nymi_core::enrollment::{EventType, Rules, Variant};
//! use nymi_core::life::{Registry, SetUp, TapRefusal, Wearable};
//! use nymi_core::policy::{GroupPolicy, UserCoreId};
//!
//! let (mut registry, mut band) = (Registry::default(), Wearable::new(Variant::Plain));
//! let at_terminal = SetUp {
//!     user: UserCoreId(7),
//!     serial: "ACAK-00056",
//!     rules: Rules::of(&GroupPolicy::default()),
//!     new_id: BandId::new([0xC0, 1, 2, 3, 4, 5]),
//! };
//! let done = registry.set_up(&at_terminal, &mut band).unwrap();
//! assert_eq!(done.event(), Some(EventType::Enrolled));
//! assert_eq!(registry.identify("ACAK-00056", &band), Ok(UserCoreId(7)));
//!
//! // Suspended: the band still takes its user's finger, and the tap identifies nobody.
//! registry.suspend("ACAK-00056")?;
//! band.take_off();
//! band.authenticate()?;
//! assert_eq!(registry.identify("ACAK-00056", &band), Err(TapRefusal::NotActive));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod record;
mod registry;
mod search;
mod wearable;

pub use record::{BandDetails, Change, Record};
pub use registry::{Done, Edit, LifeError, Registry, SetUp, TapRefusal};
pub use search::{CREATED_BY_SEARCH, Person};
pub use wearable::{CannotAuthenticate, UserData, Wearable};
