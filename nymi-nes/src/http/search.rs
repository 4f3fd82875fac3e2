//! What the Search page finds: users by name, bands, users by individual policy (guide 000, 10.1).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use nymi_core::life::Person;
use nymi_core::policy::{IndividualPolicyId, PolicySet, ROWS_A_PAGE, UserCoreId};
use nymi_core::text::is_plain;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use super::users::user_json;
use super::{Principal, Refusal};
use crate::nes::Nes;
use crate::store::users::{self, UserCore};
use crate::store::{applied, lookup, policies};

/// The three kinds of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Kind {
    Users,
    NymiBands,
    IndividualUserPolicies,
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Search {
    #[serde(rename = "Type")]
    kind: Kind,
    /// Of users and bands.
    query: Option<String>,
    /// Of individual policies: an ID, or `none`.
    policy: Option<String>,
    /// Counted from 1; the first if it is left out.
    page: Option<String>,
    /// The smallest if it is left out.
    page_size: Option<String>,
}

/// The longest query, bytes.
const MAX_QUERY: usize = 256;

/// GET `api/Search`.
pub(super) async fn search(
    State(nes): State<Arc<Nes>>,
    caller: Principal,
    search: Result<Query<Search>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let caller = caller.administrator()?;
    let Query(search) = search.map_err(|error| Refusal::invalid(error.body_text()))?;
    match search.kind {
        Kind::Users => users(&nes, &caller, &search).await,
        Kind::NymiBands => found_bands(&nes, &search).await,
        Kind::IndividualUserPolicies => by_policy(&nes, &search).await,
    }
    .map(Json)
}

impl Search {
    fn text(&self) -> Result<&str, Refusal> {
        let kind = self.kind;
        if let Some(policy) = &self.policy {
            return Err(Refusal::invalid(format!(
                "Policy is {:?}; with Type={kind:?} it must be left out",
                shown(policy)
            )));
        }
        let query = self.query.as_deref();
        let given = query.ok_or_else(|| {
            Refusal::invalid(format!(
                "Query is missing; it must be given with Type={kind:?}"
            ))
        })?;
        let text = given.trim();
        let rule = match text.len() {
            0 => format!(
                "is {:?}; it must have a character other than a space",
                shown(given)
            ),
            length if length > MAX_QUERY => {
                format!("has {length} bytes; it must have at most {MAX_QUERY}")
            }
            _ if !text.chars().all(is_plain) => {
                format!("is {:?}; it must have no control characters", shown(text))
            }
            _ => return Ok(text),
        };
        Err(Refusal::invalid(format!("Query {rule}")))
    }

    /// The individual policy; none for the users who are in no such policy.
    fn policy(&self) -> Result<Option<IndividualPolicyId>, Refusal> {
        if let Some(query) = &self.query {
            let query = shown(query);
            return Err(Refusal::invalid(format!(
                "Query is {query:?}; with Type={:?} it must be left out",
                self.kind
            )));
        }
        let rule = "it must be the ID of a policy, or none";
        match self.policy.as_deref() {
            None => Err(Refusal::invalid(format!("Policy is missing; {rule}"))),
            Some("none") => Ok(None),
            Some(id) => id
                .parse()
                .map(|id| Some(IndividualPolicyId(id)))
                .map_err(|_| Refusal::invalid(format!("Policy is {:?}; {rule}", shown(id)))),
        }
    }

    /// Which of so many rows the page has.
    fn page_of(&self, total: usize) -> Result<Page, Refusal> {
        let size = match self.page_size.as_deref() {
            None => Some(ROWS_A_PAGE.0[0]),
            Some(size) => size.parse().ok(),
        };
        let sized = size.and_then(|size| Some((size, ROWS_A_PAGE.pages(total, size)?)));
        let (size, pages) = sized.ok_or_else(|| {
            let given = shown(self.page_size.as_deref().unwrap_or_default());
            let sizes = ROWS_A_PAGE.0;
            Refusal::invalid(format!(
                "PageSize is {given:?}; it must be one of {sizes:?}"
            ))
        })?;
        let given = self.page.as_deref().unwrap_or("1");
        let page: usize = given
            .parse()
            .ok()
            .filter(|page| (1..=pages).contains(page))
            .ok_or_else(|| {
                let given = shown(given);
                Refusal::invalid(format!("Page is {given:?}; it must be 1 to {pages}"))
            })?;
        let start = (page - 1) * size;
        Ok(Page {
            rows: start..total.min(start + size),
            page,
            pages,
            size,
            total,
        })
    }
}

/// Which rows of all that were found an answer has.
struct Page {
    rows: Range<usize>,
    /// Counted from 1.
    page: usize,
    pages: usize,
    size: usize,
    total: usize,
}

impl Page {
    fn answer(&self, rows: Value) -> Value {
        json!({
            "Page": self.page,
            "Pages": self.pages,
            "PageSize": self.size,
            "Total": self.total,
            "Rows": rows,
        })
    }
}

/// A value as far as a message shows it.
fn shown(value: &str) -> String {
    value.chars().take(40).collect()
}

/// The users of the directory whom the query finds, and those who enrolled under such a user name. A
/// shown one who never enrolled gets a row.
async fn users(nes: &Nes, caller: &Principal, search: &Search) -> Result<Value, Refusal> {
    let text = search.text()?;
    // Names have no case.
    let key =
        |domain: &str, username: &str| (domain.to_ascii_lowercase(), username.to_ascii_lowercase());
    let mut found = BTreeMap::new();
    for user in nes.directory.search(text).await? {
        found.insert(key(&user.domain, &user.username), (user, None));
    }
    for user in users::all(&mut *nes.store.read().await?).await? {
        let person = Person {
            first_name: String::new(),
            last_name: String::new(),
            username: user.username.clone(),
        };
        let key = key(&user.domain, &user.username);
        if found.contains_key(&key) || person.matches(text) {
            found.insert(key, (user.name(), Some(user)));
        }
    }
    let page = search.page_of(found.len())?;
    let found: Vec<_> = found
        .into_values()
        .skip(page.rows.start)
        .take(page.rows.len())
        .collect();
    let mut shown = Vec::new();
    if found.iter().all(|(_, core)| core.is_some()) {
        shown.extend(found.into_iter().filter_map(|(_, core)| core));
    } else {
        let mut write = nes.store.begin(nes.clock.now()).await?;
        for (name, _) in found {
            let by = caller.name();
            let user = write.searched_user(&name.domain, &name.username, &by);
            shown.push(user.await?);
        }
        write.commit().await?;
    }
    let mut reading = nes.store.read().await?;
    let set = policies::all(&mut reading).await?;
    let rows = user_rows(&mut reading, &set, &shown).await?;
    Ok(page.answer(rows))
}

/// What the list shows of users: also the policy, and whether the active band has it.
async fn user_rows(
    reading: &mut SqliteConnection,
    set: &PolicySet,
    users: &[UserCore],
) -> Result<Value, Refusal> {
    let mut rows = Vec::new();
    for user in users {
        let id = UserCoreId(user.id);
        let status = applied::status_of_user(reading, user.id, &set.effective(id)).await?;
        let mut row = user_json(user);
        row["IndividualUserPolicyId"] = set.policy_of(id).map(|(policy, _)| policy.0).into();
        row["IndividualUserPolicy"] = set.shown_for(id).into();
        row["PolicyStatus"] = status.title().into();
        rows.push(row);
    }
    Ok(rows.into())
}

async fn found_bands(nes: &Nes, search: &Search) -> Result<Value, Refusal> {
    let text = search.text()?;
    let mut reading = nes.store.read().await?;
    let found = lookup::find(&mut reading, text).await?;
    let page = search.page_of(found.len())?;
    let rows = lookup::rows_of(&mut reading, &found[page.rows.clone()]).await?;
    Ok(page.answer(json!(rows)))
}

/// The members of an individual policy, or the users who are in none.
async fn by_policy(nes: &Nes, search: &Search) -> Result<Value, Refusal> {
    let wanted = search.policy()?;
    let mut reading = nes.store.read().await?;
    let set = policies::all(&mut reading).await?;
    if let Some(id) = wanted {
        set.individual_policy(id)?;
    }
    let mut users = users::all(&mut reading).await?;
    users.retain(|user| set.policy_of(UserCoreId(user.id)).map(|(id, _)| id) == wanted);
    let page = search.page_of(users.len())?;
    let rows = user_rows(&mut reading, &set, &users[page.rows.clone()]).await?;
    Ok(page.answer(rows))
}
