//! What the page's buttons do, over the virtual hardware and the server.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use nymi_nes::Admin;

use super::{EndpointSwitch, Ready};
use crate::page::{ActionError, Actions, AuditRow, BandAction, BandState, TapMethod};

/// The running system.
pub(super) struct Live {
    hardware: Arc<nymi_sim::Handle>,
    endpoint: Arc<EndpointSwitch>,
    admin: Admin,
    /// Serial number to domain and user name.
    owners: HashMap<String, (String, String)>,
}

impl Live {
    pub(super) fn new(
        hardware: Arc<nymi_sim::Handle>,
        endpoint: Arc<EndpointSwitch>,
        admin: Admin,
        ready: &Ready,
    ) -> Self {
        let owners = ready
            .users
            .iter()
            .zip(&ready.bands)
            .map(|(user, band)| {
                (
                    band.serial_number.clone(),
                    (user.domain.clone(), user.username.clone()),
                )
            })
            .collect();
        Self {
            hardware,
            endpoint,
            admin,
            owners,
        }
    }
}

#[async_trait]
impl Actions for Live {
    async fn bands(&self) -> Result<Vec<BandState>, ActionError> {
        let shown = |band: nymi_sim::BandInfo| {
            // A band whose user data was deleted belongs to nobody any more.
            let owner = band
                .band_id
                .and(self.owners.get(&band.serial_number))
                .cloned();
            let (domain, username) = owner.unzip();
            BandState {
                serial_number: band.serial_number,
                band_id: band.band_id.map(|id| id.to_string()),
                username,
                domain,
                metres: band.metres,
                worn: band.worn,
                authenticated: band.authenticated,
            }
        };
        Ok(self.hardware.bands().into_iter().map(shown).collect())
    }

    async fn act(&self, serial_number: &str, action: BandAction) -> Result<(), ActionError> {
        if !self
            .hardware
            .bands()
            .iter()
            .any(|band| band.serial_number == serial_number)
        {
            return Err(ActionError::UnknownBand(serial_number.to_owned()));
        }
        let command = match action {
            BandAction::Tap(TapMethod::Ble) => format!("tap {serial_number} ble"),
            BandAction::Tap(TapMethod::Nfc) => format!("tap {serial_number} nfc"),
            BandAction::Move(metres) => format!("move {serial_number} {metres}"),
            BandAction::Wear => format!("wear {serial_number}"),
            BandAction::Remove => format!("remove {serial_number}"),
            BandAction::Authenticate => format!("auth {serial_number}"),
        };
        self.hardware
            .command(&command)
            .await
            .map(drop)
            .map_err(ActionError::Refused)
    }

    async fn endpoint_running(&self) -> Result<bool, ActionError> {
        Ok(self.endpoint.running.lock().await.is_some())
    }

    async fn set_endpoint_running(&self, running: bool) -> Result<(), ActionError> {
        self.endpoint
            .set(running)
            .await
            .map_err(|error| ActionError::Unavailable(error.to_string()))
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, ActionError> {
        let rows = self
            .admin
            .audit_rows(limit)
            .await
            .map_err(|error| ActionError::Unavailable(error.to_string()))?;
        Ok(rows.into_iter().map(shown).collect())
    }
}

fn shown(row: nymi_nes::AuditRow) -> AuditRow {
    let detail: Vec<String> = [
        row.outcome,
        row.method,
        row.counter.map(|counter| format!("counter {counter}")),
        row.azp.map(|azp| format!("for {azp}")),
        row.meaning.map(|meaning| format!("meaning {meaning:?}")),
        row.document_sha256.map(|hash| format!("document {hash}")),
        row.jti.map(|jti| format!("assertion {jti}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    AuditRow {
        id: row.id,
        at: row.created_at,
        event_type_id: u32::from(row.event_type_id),
        event: row.event.to_owned(),
        user: row.username,
        band_id: row.band.map(|band| band.to_string()),
        endpoint: row.endpoint,
        detail: (!detail.is_empty()).then(|| detail.join(", ")),
    }
}
