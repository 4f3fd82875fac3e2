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
    /// Counted from 1.
    #[serde(default = "first")]
    page: usize,
    #[serde(default = "smallest")]
    page_size: usize,
}

const fn first() -> usize {
    1
}

const fn smallest() -> usize {
    ROWS_A_PAGE.0[0]
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
        let text = self.query.as_deref().unwrap_or_default().trim();
        let fits = (1..=MAX_QUERY).contains(&text.len()) && text.chars().all(is_plain);
        match fits && self.policy.is_none() {
            true => Ok(text),
            false => Err(Refusal::invalid(
                "Query must be 1 to 256 bytes without control characters, and Policy be left out",
            )),
        }
    }

    /// The individual policy; none for the users who are in no such policy.
    fn policy(&self) -> Result<Option<IndividualPolicyId>, Refusal> {
        let invalid =
            || Refusal::invalid("Policy must be the ID of a policy or none, and Query be left out");
        match self.policy.as_deref().ok_or_else(invalid)? {
            _ if self.query.is_some() => Err(invalid()),
            "none" => Ok(None),
            id => id
                .parse()
                .map(|id| Some(IndividualPolicyId(id)))
                .map_err(|_| invalid()),
        }
    }

    /// Which of so many rows the page has, and how many pages there are.
    fn page_of(&self, total: usize) -> Result<(Range<usize>, usize), Refusal> {
        let pages = ROWS_A_PAGE.pages(total, self.page_size).ok_or_else(|| {
            Refusal::invalid(format!("PageSize must be one of {:?}", ROWS_A_PAGE.0))
        })?;
        if !(1..=pages).contains(&self.page) {
            return Err(Refusal::invalid(format!("Page must be 1 to {pages}")));
        }
        let start = (self.page - 1) * self.page_size;
        Ok((start..total.min(start + self.page_size), pages))
    }

    fn answer(&self, total: usize, pages: usize, rows: Value) -> Value {
        json!({"Page": self.page, "Pages": pages, "PageSize": self.page_size, "Total": total, "Rows": rows})
    }
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
    let (page, pages) = search.page_of(found.len())?;
    let total = found.len();
    let page: Vec<_> = found
        .into_values()
        .skip(page.start)
        .take(page.len())
        .collect();
    let mut shown = Vec::new();
    if page.iter().all(|(_, core)| core.is_some()) {
        shown.extend(page.into_iter().filter_map(|(_, core)| core));
    } else {
        let mut write = nes.store.begin(nes.clock.now()).await?;
        for (name, _) in page {
            let by = caller.name();
            let user = write.searched_user(&name.domain, &name.username, &by);
            shown.push(user.await?);
        }
        write.commit().await?;
    }
    let mut reading = nes.store.read().await?;
    let set = policies::all(&mut reading).await?;
    let rows = user_rows(&mut reading, &set, &shown).await?;
    Ok(search.answer(total, pages, rows))
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
    let total = lookup::count_found(&mut reading, text).await?;
    let (page, pages) = search.page_of(total)?;
    let rows = lookup::found(&mut reading, text, page).await?;
    Ok(search.answer(total, pages, json!(rows)))
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
    let (page, pages) = search.page_of(users.len())?;
    let rows = user_rows(&mut reading, &set, &users[page]).await?;
    Ok(search.answer(users.len(), pages, rows))
}
