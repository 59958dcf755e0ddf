//! What a user's applications remember, as one JSON object.

use antiphon_api::{
    entities::Preferences,
    events::UserPreferencesUpdated,
    ids::{Revision, UserId},
    method::NoParams,
    methods::user::{
        MAX_PREFERENCES_BYTES, MAX_PREFERENCES_DEPTH, PreferencesResult, SetPreferencesParams,
    },
};
use antiphon_store::Audience;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Map;

use super::super::object::{bounded, merge};
use crate::context::{Failure, Look, Work};

pub(super) fn get(look: &mut Look<'_>, _: NoParams) -> Result<PreferencesResult, Failure> {
    let caller = look.caller.user()?;
    Ok(PreferencesResult {
        preferences: of(look, caller)?,
    })
}

pub(super) fn set(
    work: &mut Work<'_, '_>,
    params: SetPreferencesParams,
) -> Result<PreferencesResult, Failure> {
    let caller = work.caller.user()?;
    let held = of(work, caller)?;
    let mut values = held.values.clone();
    merge(&mut values, params.values);
    if values == held.values {
        return Ok(PreferencesResult { preferences: held });
    }
    let object = bounded(
        "the whole of the preferences",
        &values,
        MAX_PREFERENCES_BYTES,
        MAX_PREFERENCES_DEPTH,
    )?;
    work.prepare_cached(
        "INSERT INTO preferences (user_id, object, revision) VALUES (?1, ?2, ?3 + 1)
         ON CONFLICT (user_id) DO UPDATE SET object = excluded.object, revision = revision + 1",
    )?
    .execute(params![caller.get(), object, Revision::MIN.get()])?;
    let preferences = of(work, caller)?;
    let updated = UserPreferencesUpdated {
        preferences: preferences.clone(),
    };
    work.emit(&Audience::user(caller), updated)?;
    Ok(PreferencesResult { preferences })
}

/// A user's preferences; at first an empty object.
pub(in crate::families) fn of(db: &Connection, user: UserId) -> Result<Preferences, Failure> {
    let kept: Option<(String, i64)> = db
        .prepare_cached("SELECT object, revision FROM preferences WHERE user_id = ?1")?
        .query_row([user.get()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (values, revision) = match kept {
        Some((object, revision)) => (serde_json::from_str(&object)?, Revision(revision)),
        None => (Map::new(), Revision::MIN),
    };
    Ok(Preferences { values, revision })
}
