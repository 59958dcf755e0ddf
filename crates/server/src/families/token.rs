//! Tokens that the server signs, and the end of tokens before their time.
//!
//! What was issued here is listed until it ends by itself. What was signed elsewhere with the same
//! key (`antiphon token issue`) is good too, is not listed, and can be revoked by its name or with
//! all of its user's.

use antiphon_api::{
    ErrorCode, RpcError,
    entities::{Token, TokenKind},
    events::{TokenIssued, TokenRevoked},
    identity::{Identity, Revocation},
    ids::{MAX_SAFE_INTEGER, Principal, UnixMs, UserId},
    method::Done,
    methods::{
        token::{
            Issue, IssueParams, IssueResult, List, ListParams, ListResult, MAX_SCOPE_CHARS,
            MAX_TOKENS, MAX_TTL_MS, MIN_TTL_MS, Revoke, RevokeParams,
        },
        user::ResolveParams,
    },
};
use antiphon_store::{Audience, log, prune::STEP, revocation};
use antiphon_token::{Grant, MAX_JTI_BYTES, Subject};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::column::{optional, parsed};
use super::{at_most, user};
use crate::{
    context::{Caller, Failure, Look, Work},
    rpc::Router,
};

const COLUMNS: &str = "jti, user_id, kind, scope, issued_at, expires_at, revoked_at";

/// Until when a revocation is remembered whose tokens end nobody knows when.
const FOR_GOOD: UnixMs = UnixMs(MAX_SAFE_INTEGER);
/// The most revocations of a user that are remembered one by one; then all tokens are to go.
const MAX_REVOCATIONS: usize = 2 * MAX_TOKENS;
const SECOND_MS: i64 = 1_000;

pub(super) fn register(router: Router) -> Router {
    router
        .mutation::<Issue>(issue)
        .mutation::<Revoke>(revoke)
        .query::<List>(list)
}

fn issue(work: &mut Work<'_, '_>, params: IssueParams) -> Result<IssueResult, Failure> {
    user::require_administrator(work, work.caller, "token:issue")?;
    let signer = work.shared.signer.as_ref().ok_or_else(|| {
        let message = "this server has no signing key; name one as tokens.signing_key";
        RpcError::conflict("no_signing_key", message)
    })?;
    let token = made(work, params)?;
    let secret = signer.issue(grant(&token)).map_err(Failure::internal)?;
    insert(work, &token)?;
    let result = IssueResult {
        token: secret,
        jti: token.jti.clone(),
        expires_at: token.expires_at,
    };
    work.emit(&Audience::user(token.user_id), TokenIssued { token })?;
    Ok(result)
}

/// The token that is asked for, if it may be had.
fn made(work: &mut Work<'_, '_>, params: IssueParams) -> Result<Token, Failure> {
    if !(MIN_TTL_MS..=MAX_TTL_MS).contains(&params.ttl_ms) {
        let message = format!("expected {MIN_TTL_MS} to {MAX_TTL_MS} milliseconds");
        return Err(RpcError::invalid_param("ttl_ms", message).into());
    }
    let scope = params
        .scope
        .map(|scope| at_most("scope", scope, MAX_SCOPE_CHARS))
        .transpose()?;
    let user_id = subject(work, params.user_id, params.external_id)?;
    refuse_too_many(work, user_id)?;
    let issued_at = first_second(work, user_id)?;
    Ok(Token {
        jti: random_name()?,
        user_id,
        kind: params.kind.unwrap_or_default(),
        scope,
        issued_at,
        expires_at: whole_second(issued_at.plus_ms(params.ttl_ms)),
        revoked_at: None,
    })
}

fn grant(token: &Token) -> Grant {
    Grant {
        subject: Subject::User(token.user_id),
        kind: token.kind,
        scope: token.scope.clone(),
        issued_at: token.issued_at,
        expires_at: token.expires_at,
        jti: token.jti.clone(),
    }
}

fn list(look: &mut Look<'_>, params: ListParams) -> Result<ListResult, Failure> {
    let user_id = match params.user_id {
        Some(user_id) => user_id,
        None => look.caller.user()?,
    };
    if !look.caller.is(user_id) {
        user::require_administrator(look, look.caller, "token:list")?;
    }
    let mut statement = look.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM token WHERE user_id = ?1 AND expires_at > ?2
         ORDER BY issued_at DESC, jti"
    ))?;
    let rows = statement.query_map([user_id.get(), look.now.get()], from_row)?;
    Ok(ListResult {
        tokens: rows.collect::<Result<_, _>>()?,
        pos: log::head(look)?,
    })
}

fn revoke(work: &mut Work<'_, '_>, params: RevokeParams) -> Result<Done, Failure> {
    match (params.jti, params.user_id) {
        (Some(jti), user_id) => revoke_one(work, jti, user_id),
        (None, Some(user_id)) => revoke_all(work, user_id),
        (None, None) => Err(RpcError::invalid_param(".", "expected jti, user_id or both").into()),
    }
}

fn revoke_all(work: &mut Work<'_, '_>, user_id: UserId) -> Result<Done, Failure> {
    if !work.caller.is(user_id) {
        user::require_administrator(work, work.caller, "token:revoke")?;
    }
    user::existing(work, user_id)?;
    work.prepare_cached(
        "UPDATE token SET revoked_at = ?2 WHERE user_id = ?1 AND revoked_at IS NULL",
    )?
    .execute([user_id.get(), work.now.get()])?;
    // A token of this very millisecond is among those so far.
    let before = work.now.plus_ms(1);
    end(work, user_id, None, before, FOR_GOOD)
}

fn revoke_one(
    work: &mut Work<'_, '_>,
    jti: String,
    user_id: Option<UserId>,
) -> Result<Done, Failure> {
    let administers = user::administers(work, work.caller)?;
    let listed = find(work, &jti)?
        .filter(|token| user_id.is_none_or(|user_id| user_id == token.user_id))
        .filter(|token| administers || work.caller.is(token.user_id));
    if let Some(token) = listed {
        if token.revoked_at.is_some() {
            return Ok(Done {});
        }
        work.prepare_cached("UPDATE token SET revoked_at = ?2 WHERE jti = ?1")?
            .execute(params![jti, work.now.get()])?;
        return end(work, token.user_id, Some(jti), work.now, token.expires_at);
    }
    let (user_id, until) = unlisted(work, &jti, user_id, administers)?;
    let known = revocation::of(work, Principal::User(user_id), work.now)?;
    if known.iter().any(|known| known.jti.as_ref() == Some(&jti)) {
        return Ok(Done {});
    }
    if known.len() >= MAX_REVOCATIONS {
        let message =
            "too many tokens of the user were revoked one by one; revoke all with user_id";
        return Err(RpcError::full(MAX_REVOCATIONS, message).into());
    }
    end(work, user_id, Some(jti), work.now, until)
}

/// Whose a token is that was not issued here, and until when it has to be barred: the one the
/// caller calls with, or any that an administrator names together with its user.
fn unlisted(
    work: &Work<'_, '_>,
    jti: &str,
    user_id: Option<UserId>,
    administers: bool,
) -> Result<(UserId, UnixMs), Failure> {
    if let Caller::User(Identity {
        user_id: own,
        token,
    }) = work.caller
        && token.jti.as_deref() == Some(jti)
        && user_id.is_none_or(|user_id| user_id == *own)
    {
        return Ok((*own, token.expires_at.unwrap_or(FOR_GOOD)));
    }
    let Some(user_id) = user_id.filter(|_| administers) else {
        let message = "no token of this name that you can see; of one that was issued elsewhere \
                       an administrator names the user_id, too";
        return Err(RpcError::new(ErrorCode::NotFound, message)
            .with("entity", "token")
            .into());
    };
    user::existing(work, user_id)?;
    if !(1..=MAX_JTI_BYTES).contains(&jti.len()) {
        let message = format!("expected 1 to {MAX_JTI_BYTES} bytes");
        return Err(RpcError::invalid_param("jti", message).into());
    }
    Ok((user_id, FOR_GOOD))
}

/// Bars the token, or every one issued before `before`, and closes what is open with it.
fn end(
    work: &mut Work<'_, '_>,
    user_id: UserId,
    jti: Option<String>,
    before: UnixMs,
    until: UnixMs,
) -> Result<Done, Failure> {
    let revocation = Revocation {
        principal: Principal::User(user_id),
        jti: jti.clone(),
        before,
        until,
    };
    revocation::store(work.tx, &revocation)?;
    work.effects.revocations.push(revocation);
    work.emit(&Audience::user(user_id), TokenRevoked { user_id, jti })?;
    Ok(Done {})
}

fn subject(
    work: &mut Work<'_, '_>,
    user_id: Option<UserId>,
    external_id: Option<String>,
) -> Result<UserId, Failure> {
    match (user_id, external_id) {
        (Some(id), None) => Ok(user::existing(work, id)?.id),
        (None, Some(external_id)) => {
            Ok(user::resolve(work, ResolveParams { external_id })?.user_id)
        }
        _ => {
            let message = "expected either user_id or external_id";
            Err(RpcError::invalid_param(".", message).into())
        }
    }
}

fn refuse_too_many(work: &Work<'_, '_>, user_id: UserId) -> Result<(), Failure> {
    let held: usize = work
        .prepare_cached("SELECT count(*) FROM token WHERE user_id = ?1 AND expires_at > ?2")?
        .query_row([user_id.get(), work.now.get()], |row| row.get(0))?;
    if held < MAX_TOKENS {
        return Ok(());
    }
    let message = format!("the user has {MAX_TOKENS} tokens that have not ended");
    Err(RpcError::full(MAX_TOKENS, message).into())
}

/// When a token is issued that is issued now: a whole second, as tokens tell time, and none that
/// a revocation of all the user's tokens covers.
fn first_second(work: &Work<'_, '_>, user_id: UserId) -> Result<UnixMs, Failure> {
    let revocations = revocation::of(work, Principal::User(user_id), work.now)?;
    let all = revocations.iter().filter(|one| one.jti.is_none());
    let before = all.map(|one| one.before).max().unwrap_or(UnixMs(0));
    let second = whole_second(work.now).max(whole_second(before.plus_ms(SECOND_MS - 1)));
    if second > work.now.plus_ms(SECOND_MS) {
        let message = "the user may not sign in any more";
        return Err(RpcError::conflict("revocation", message).into());
    }
    Ok(second)
}

const fn whole_second(time: UnixMs) -> UnixMs {
    UnixMs(time.get() / SECOND_MS * SECOND_MS)
}

fn random_name() -> Result<String, Failure> {
    let random = || getrandom::u64().map_err(Failure::internal);
    Ok(format!("{:016x}{:016x}", random()?, random()?))
}

fn insert(db: &Connection, token: &Token) -> Result<(), rusqlite::Error> {
    db.prepare_cached(
        "INSERT INTO token (jti, user_id, kind, scope, issued_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        token.jti,
        token.user_id.get(),
        token.kind.as_str(),
        token.scope,
        token.issued_at.get(),
        token.expires_at.get()
    ])?;
    Ok(())
}

fn find(db: &Connection, jti: &str) -> Result<Option<Token>, rusqlite::Error> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM token WHERE jti = ?1"))?
        .query_row([jti], from_row)
        .optional()
}

/// Forgets tokens that have ended, up to a step's worth. `true`: there may be more.
pub(crate) fn forget_ended(db: &Connection, now: UnixMs) -> Result<bool, rusqlite::Error> {
    let forgotten = db
        .prepare_cached(
            "DELETE FROM token WHERE jti IN
                 (SELECT jti FROM token WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute(params![now.get(), STEP])?;
    Ok(forgotten == STEP)
}

fn from_row(row: &Row<'_>) -> Result<Token, rusqlite::Error> {
    Ok(Token {
        jti: row.get(0)?,
        user_id: UserId(row.get(1)?),
        kind: parsed(row, 2, TokenKind::parse)?,
        scope: row.get(3)?,
        issued_at: UnixMs(row.get(4)?),
        expires_at: UnixMs(row.get(5)?),
        revoked_at: optional(row, 6, UnixMs)?,
    })
}
