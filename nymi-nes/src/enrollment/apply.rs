//! Decides a finished enrollment, and carries it out.

use axum::http::StatusCode;
use nymi_core::BandId;
use nymi_core::band::SerialNumber;
use nymi_core::enrollment::{
    Association, BandState, Finish, Made, Outcome, Rules, Situation, Step, Variant, decide,
};
use nymi_core::life::{Done, Record, SetUp, Wearable};
use nymi_core::message::Status;
use nymi_core::policy::{AppliedPolicy, GroupPolicy, UserCoreId};
use nymi_core::presence::agreement::AdvKeys;

use super::refused::{Refused, band_event};
use super::{FinishRequest, Finished, Tapped};
use crate::http::{Principal, Refusal};
use crate::life::{Bands, ChangeError};
use crate::nes::Nes;
use crate::store::bands::{self, NymiBand};
use crate::store::events::Event;
use crate::store::users::UserCore;
use crate::store::{StoreError, Write, applied, policies, presence, seos};

/// What is looked up of a user and a band, and what the core says of the two.
struct Looked {
    core: UserCore,
    policy: GroupPolicy,
    bands: Bands,
    seos_id: Option<String>,
    variant: Variant,
    registers: Option<BandId>,
}

impl Looked {
    async fn up(
        write: &mut Write<'_>,
        user: &Principal,
        serial: &SerialNumber,
        registers: Option<BandId>,
    ) -> Result<Self, StoreError> {
        let core = write
            .user_for(&user.domain, &user.username, &user.name())
            .await?;
        let policy = policies::effective(write.sql(), core.id).await?;
        let bands = Bands::load(write.sql(), Some(core.id), serial.as_str()).await?;
        let seos_id = seos::of_serial(write.sql(), serial).await?;
        let variant = match (serial.variant().seos, &seos_id) {
            (false, _) => Variant::Plain,
            (true, Some(_)) => Variant::SeosImported,
            (true, None) => Variant::SeosUnknown,
        };
        Ok(Self {
            core,
            policy,
            bands,
            seos_id,
            variant,
            registers,
        })
    }

    /// A band that is enrolled was wiped or new when that began, so every record is of an earlier one;
    /// one that is registered has its user's data, and its user has authenticated.
    fn wearable(&self) -> Wearable {
        let mut wearable = Wearable::new(self.variant);
        if let Some(band) = self.registers {
            wearable.enroll(band);
        }
        wearable
    }

    /// What the core says of a step.
    fn decide(&self, serial: &SerialNumber, step: Step) -> Outcome {
        let (user, wearable) = (UserCoreId(self.core.id), self.wearable());
        let registry = &self.bands.registry;
        decide(&Situation {
            rules: Rules::of(&self.policy),
            association: registry.association(user, serial.as_str(), &wearable),
            variant: self.variant,
            band: wearable.state(),
            step,
        })
    }
}

/// Why an enrollment or registration of this band would be refused, whatever comes of it; with it
/// nothing is written to the band. Without a serial number only what holds for every band is asked.
pub(super) async fn at_first_tap(
    nes: &Nes,
    user: &Principal,
    tapped: Tapped<'_>,
) -> Result<Option<Refused>, Refusal> {
    // Dropped without a commit: a user who only asks leaves no row.
    let mut write = nes.store.begin(nes.clock.now()).await?;
    let outcome = match tapped.serial {
        Some(serial) => Looked::up(&mut write, user, serial, tapped.registers)
            .await?
            .decide(serial, Step::FirstTap),
        None => {
            let core = write
                .user_for(&user.domain, &user.username, &user.name())
                .await?;
            let policy = policies::effective(write.sql(), core.id).await?;
            decide(&Situation {
                rules: Rules::of(&policy),
                association: Association::Unknown {
                    user_has_another: false,
                },
                variant: Variant::Plain,
                band: BandState::Unenrolled,
                step: Step::FirstTap,
            })
        }
    };
    match outcome {
        Outcome::Go(plan) if plan.event().is_none() => Err(known_here()),
        Outcome::Go(_) => {
            let used = match tapped.registers {
                Some(band) => presence::has_agreed(write.sql(), band).await?,
                None => false,
            };
            Ok(used.then(Refused::used_before))
        }
        other => Ok(Some(Refused::unless_go(other, &user.domain))),
    }
}

/// The core would have the user log in.
fn known_here() -> Refusal {
    Refusal::status(
        StatusCode::CONFLICT,
        Status::INVALID_FIELD,
        "the Nymi Band is enrolled or registered here under this NymiBandID; log in with it",
    )
}

/// Why an enrollment is refused whose confirmation is wrong. What the rules refuse, they refuse
/// first.
pub(super) async fn mismatch(
    write: &mut Write<'_>,
    user: &Principal,
    request: &FinishRequest,
    registers: Option<BandId>,
) -> Result<Refused, StoreError> {
    let looked = Looked::up(write, user, &request.serial_number, registers).await?;
    let step = Step::Finish(Finish::CmacMismatch);
    let outcome = looked.decide(&request.serial_number, step);
    Ok(Refused::unless_go(outcome, &user.domain))
}

/// Enrolls or registers, or says why not; then what was written goes with the transaction.
pub(super) async fn enroll(
    write: &mut Write<'_>,
    user: &Principal,
    request: &FinishRequest,
    registers: Option<BandId>,
    keys: &AdvKeys,
) -> Result<Result<Finished, Refused>, Refusal> {
    let mut looked = Looked::up(write, user, &request.serial_number, registers).await?;
    let is_same_band = request.is_same_band();
    let taps = looked.decide(&request.serial_number, Step::ConfirmTap { is_same_band });
    if !matches!(taps, Outcome::Go(_)) {
        return Ok(Err(Refused::unless_go(taps, &user.domain)));
    }
    let set_up = SetUp {
        user: UserCoreId(looked.core.id),
        serial: request.serial_number.as_str(),
        rules: Rules::of(&looked.policy),
        new_id: request.band,
    };
    let mut wearable = looked.wearable();
    let done = match looked.bands.registry.set_up(&set_up, &mut wearable) {
        Ok(done) => done,
        Err(outcome) => return Ok(Err(Refused::unless_go(outcome, &user.domain))),
    };
    let (Some(event), Some(record)) = (
        done.event(),
        looked.bands.registry.record(set_up.serial).cloned(),
    ) else {
        return Err(known_here());
    };
    let others: Vec<_> = done
        .changes
        .iter()
        .filter(|change| change.serial != set_up.serial)
        .cloned()
        .collect();
    match write.carry_out(&looked.bands, &others, &user.name()).await {
        Ok(()) => {}
        Err(ChangeError::Store(error)) => return Err(error.into()),
        Err(ChangeError::Life(_) | ChangeError::NfcUidTaken) => {
            return Ok(Err(Refused::nfc_uid_taken()));
        }
    }
    let band = match store_band(write, user, request, &looked, &record).await? {
        Ok(band) => band,
        Err(refused) => return Ok(Err(refused)),
    };
    write.set_adv_keys(band.id, looked.core.id, keys).await?;
    let corporate = Made::under(&looked.policy)
        .authenticator
        .zip(request.corporate_spki.as_deref())
        .filter(|_| record.is_enrolled_here);
    write
        .set_identity_key(band.id, &request.identity_spki, &user.name())
        .await?;
    let haptics = looked.policy.values().haptic_feedback;
    write
        .set_corporate_key(band.id, corporate, haptics, &user.name())
        .await?;
    let given = given_to(&band, &looked.policy);
    write.set_applied(band.id, given.as_ref()).await?;
    write
        .event(&enrolled_event(user, request, &looked, &done, event.id()))
        .await?;
    Ok(Ok(Finished {
        band,
        event_type_id: event.id(),
    }))
}

/// What the band is given of the policy; a registered one gets nothing: the server that enrolled it
/// manages that (guide 000, 10.1.2.1).
fn given_to(band: &NymiBand, policy: &GroupPolicy) -> Option<AppliedPolicy> {
    let liveness = applied::liveness(band);
    let given = || AppliedPolicy::at_enrollment(policy, liveness);
    band.is_band_enrolled_here.then(given)
}

/// The band's row, or why another band stands in its way.
async fn store_band(
    write: &mut Write<'_>,
    user: &Principal,
    request: &FinishRequest,
    looked: &Looked,
    record: &Record,
) -> Result<Result<NymiBand, Refused>, Refusal> {
    let label = Made::under(&looked.policy)
        .label
        .label(&user.username, request.band_label.as_deref())
        .map_err(|error| Refusal::invalid(error.to_string()))?
        .filter(|_| record.is_enrolled_here);
    let mut new = request.band_row(record, label, user, write.stamp());
    let old = looked.bands.row(request.serial_number.as_str());
    if let Some(old) = old.cloned() {
        new.id = old.id;
        new.created_at = old.created_at;
        // Of the hardware, which stays: a terminal that does not say it takes nothing away.
        new.static_mac_address = new.static_mac_address.or(old.static_mac_address);
        new.hardware_version = new.hardware_version.or(old.hardware_version);
    }
    new.seos_id.clone_from(&looked.seos_id);
    new.is_synced = given_to(&new, &looked.policy).is_none_or(|given| {
        let liveness = applied::liveness(&new);
        given.status(&looked.policy, liveness).is_synced()
    });
    new.individual_user_policy_id = policies::individual_of(write.sql(), looked.core.id).await?;
    if bands::nfc_uid_holder(write.sql(), &new).await?.is_some() {
        return Ok(Err(Refused::nfc_uid_taken()));
    }
    if bands::factory_address_holder(write.sql(), &new)
        .await?
        .is_some()
    {
        return Ok(Err(Refused::factory_address_taken()));
    }
    match old {
        Some(old) => {
            write.update_band(old, &new).await?;
        }
        None => new.id = write.insert_band(&new).await?,
    }
    Ok(Ok(new))
}

fn enrolled_event(
    user: &Principal,
    request: &FinishRequest,
    looked: &Looked,
    done: &Done,
    event_type_id: u8,
) -> Event {
    Event {
        event_type_id,
        user_core_id: Some(looked.core.id),
        disconnect_user_core_id: done.disconnected.map(|user| user.0),
        ..request.event(user)
    }
}

impl FinishRequest {
    /// What every event of this enrollment says.
    pub(super) fn event(&self, user: &Principal) -> Event {
        let text = ToString::to_string;
        Event {
            initial_tap: self
                .initial_tap
                .as_ref()
                .or(self.nfc_uid.as_ref())
                .map(text),
            confirm_tap: self.confirm_tap.as_ref().map(text),
            ..band_event(user, Some(self.serial_number.as_str()), Some(self.band))
        }
    }
}
