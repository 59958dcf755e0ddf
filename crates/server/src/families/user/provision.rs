//! Users by an id of the application's own.

use antiphon_api::{
    ErrorCode, RpcError,
    entities::User,
    limits::MAX_NAME_CHARS,
    methods::user::{ProvisionParams, ProvisionResult, ResolveParams, ResolveResult},
};
use rusqlite::Connection;

use super::{
    change::{New, external_id_of, handle, insert, may_stand_in_handle, rename},
    require_administrator,
    rows::{has_name, with_external_id},
};
use crate::context::{Failure, Work};

/// What a number that makes a name unique takes, in characters.
const SUFFIX_CHARS: usize = 20;

pub(super) fn provision(
    work: &mut Work<'_, '_>,
    params: ProvisionParams,
) -> Result<ProvisionResult, Failure> {
    require_administrator(work, work.caller, "user:provision")?;
    let external_id = external_id_of(&params.external_id)?;
    let ProvisionParams {
        name, display_name, ..
    } = params;
    let held = with_external_id(work, &external_id)?;
    let created = held.is_none();
    let user = match held {
        Some(user) => rename(work, user, name, display_name)?,
        None => make(work, external_id, name, display_name)?,
    };
    Ok(ProvisionResult { user, created })
}

pub(crate) fn resolve(
    work: &mut Work<'_, '_>,
    params: ResolveParams,
) -> Result<ResolveResult, Failure> {
    let external_id = external_id_of(&params.external_id)?;
    let user = match with_external_id(work, &external_id)? {
        Some(user) => user,
        None if work.shared.provision_unknown => make(work, external_id, None, None)?,
        None => {
            let message = "no user has this external id; provision them with user.provision";
            return Err(RpcError::new(ErrorCode::NotFound, message)
                .with("entity", "user")
                .into());
        }
    };
    Ok(ResolveResult { user_id: user.id })
}

/// Makes a user, with a name after the external id unless one is given. Such a user never administers
/// the instance, not even the first.
fn make(
    work: &mut Work<'_, '_>,
    external_id: String,
    name: Option<String>,
    display_name: Option<String>,
) -> Result<User, Failure> {
    let name = match name {
        Some(name) => handle(&name)?,
        None => free_name(work, &external_id)?,
    };
    let new = New {
        name,
        display_name,
        external_id: Some(external_id),
        administrator: false,
    };
    insert(work, new)
}

/// The external id as a name, with the first number behind it that makes it unique.
fn free_name(db: &Connection, external_id: &str) -> Result<String, rusqlite::Error> {
    let stem: String = external_id
        .chars()
        .map(|char| if may_stand_in_handle(char) { char } else { '-' })
        .take(MAX_NAME_CHARS - SUFFIX_CHARS)
        .collect();
    let mut name = stem.clone();
    let mut number = 1_u64;
    while has_name(db, &name)? {
        number += 1;
        name = format!("{stem}-{number}");
    }
    Ok(name)
}
