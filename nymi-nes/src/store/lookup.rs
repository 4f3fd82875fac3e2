//! Bands as lookups and searches answer them: with their users and identity keys.

use nymi_core::BandId;
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};

use super::StoreError;
use super::authenticators::IDENTITY;

/// Exactly the columns that a lookup may answer, of one band.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
#[sqlx(rename_all = "PascalCase")]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LookupRow {
    username: Option<String>,
    domain: Option<String>,
    #[sqlx(rename = "NymiBandID")]
    #[serde(rename = "NymiBandID")]
    nymi_band_id: String,
    #[sqlx(rename = "NfcUID")]
    #[serde(rename = "NfcUID")]
    nfc_uid: Option<String>,
    serial_number: String,
    band_label: Option<String>,
    is_active: bool,
    is_primary: bool,
    firmware_version: Option<String>,
    hardware_version: Option<String>,
    identity_public_key: Option<String>,
}

/// What a lookup asks for; every given value must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct LookupFilter {
    pub(crate) username: Option<String>,
    pub(crate) domain: Option<String>,
    #[serde(rename = "NymiBandID")]
    pub(crate) nymi_band_id: Option<BandId>,
    #[serde(rename = "NfcUID")]
    pub(crate) nfc_uid: Option<nymi_core::message::NfcUid>,
    pub(crate) serial_number: Option<String>,
    /// Not from the query: only this user's bands.
    #[serde(skip)]
    pub(crate) owner: Option<(String, String)>,
}

/// The most rows that one lookup answers.
const MAX_ROWS: i64 = 1000;

/// The columns of a [`LookupRow`] and where they come from.
fn lookup_query() -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(
        r#"SELECT u."Username", u."Domain", b."NymiBandID", b."NfcUID", b."HardwareID" AS "SerialNumber",
            b."BandLabel", b."IsActive", b."IsPrimary", b."FirmwareVersion", b."HardwareVersion",
            a."PublicKey" AS "IdentityPublicKey"
        FROM "nub.NymiBand" b
        LEFT JOIN "nub.UserCore" u ON u."ID" = b."UserCoreId"
        LEFT JOIN "nub.ExternalAuthenticator" a ON a."NymiBandId" = b."ID" AND a."Name" = "#,
    );
    query.push_bind(IDENTITY);
    query
}

async fn lookup_rows(
    connection: &mut SqliteConnection,
    mut query: QueryBuilder<Sqlite>,
) -> Result<Vec<LookupRow>, StoreError> {
    let mut rows: Vec<LookupRow> = query.build_query_as().fetch_all(connection).await?;
    for row in &mut rows {
        row.identity_public_key = row.identity_public_key.as_deref().and_then(spki_hex);
    }
    Ok(rows)
}

/// The bands that match.
pub(crate) async fn lookup(
    connection: &mut SqliteConnection,
    filter: &LookupFilter,
) -> Result<Vec<LookupRow>, StoreError> {
    let mut query = lookup_query();
    query.push(" WHERE 1 = 1");
    let (owner_domain, owner_username) = filter.owner.clone().unzip();
    let conditions = [
        (r#" AND u."Username" = "#, filter.username.clone()),
        (r#" AND u."Domain" = "#, filter.domain.clone()),
        (
            r#" AND b."NymiBandID" = "#,
            filter.nymi_band_id.map(|id| id.to_string()),
        ),
        (
            r#" AND b."NfcUID" = "#,
            filter.nfc_uid.as_ref().map(ToString::to_string),
        ),
        (r#" AND b."HardwareID" = "#, filter.serial_number.clone()),
        (r#" AND u."Domain" = "#, owner_domain),
        (r#" AND u."Username" = "#, owner_username),
    ];
    for (condition, value) in conditions {
        if let Some(value) = value {
            query.push(condition).push_bind(value);
        }
    }
    query
        .push(r#" ORDER BY b."IsActive" DESC, b."ID" LIMIT "#)
        .push_bind(MAX_ROWS);
    lookup_rows(connection, query).await
}

/// What is searched in: every column that a lookup answers as text, and the name as it is shown. The
/// database folds the case of ASCII alone, so that the comparison is made here.
const SEARCHED: &str = r#"SELECT b."ID", concat_ws(char(10), b."HardwareID", b."NymiBandID", b."NfcUID",
    b."BandLabel", b."FirmwareVersion", b."HardwareVersion", u."Domain" || '\' || u."Username")
    FROM "nub.NymiBand" b LEFT JOIN "nub.UserCore" u ON u."ID" = b."UserCoreId" ORDER BY b."HardwareID""#;

/// The row ids of the bands that have this text in one of their columns, in either case as the search
/// for users has it, by serial number.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    text: &str,
) -> Result<Vec<i64>, StoreError> {
    let text = text.to_lowercase();
    let mut bands: Vec<(i64, String)> = sqlx::query_as(SEARCHED).fetch_all(connection).await?;
    bands.retain(|(_, columns)| columns.to_lowercase().contains(&text));
    Ok(bands.into_iter().map(|(id, _)| id).collect())
}

/// These bands, by serial number.
pub(crate) async fn rows_of(
    connection: &mut SqliteConnection,
    ids: &[i64],
) -> Result<Vec<LookupRow>, StoreError> {
    let mut query = lookup_query();
    query.push(r#" WHERE b."ID" IN ("#);
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    query.push(r#") ORDER BY b."HardwareID""#);
    lookup_rows(connection, query).await
}

/// The column holds base64 PEM, as the guide says; lookup answers the SubjectPublicKeyInfo in hex.
fn spki_hex(pem: &str) -> Option<String> {
    let blocks = nymi_core::chain::pem::decode(pem, "PUBLIC KEY").ok()?;
    blocks.first().map(hex::encode)
}
