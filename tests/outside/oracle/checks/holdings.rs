//! The roles, wishes and huddles in a state, against what the tables say.

use antiphon_client::state::Equation;
use rusqlite::{Connection, Params, Row};

/// Who sits in a huddle: muted, showing a screen, with a hand up.
type Seat = (i64, bool, bool, bool);

/// The state must be that of the database as it is.
pub(in crate::oracle) fn check(database: &Connection, user: i64, equation: &Equation) {
    let roles = equation.roles.iter();
    let roles: Vec<(i64, String)> = roles
        .map(|own| (own.workspace_id.get(), own.role.as_str().to_owned()))
        .collect();
    assert_eq!(roles, roles_of(database, user), "roles of user {user}");

    let wishes = equation.notify.iter();
    let wishes: Vec<(i64, bool, String)> = wishes
        .map(|own| {
            (
                own.channel_id.get(),
                own.muted,
                own.notify.as_str().to_owned(),
            )
        })
        .collect();
    assert_eq!(wishes, wishes_of(database, user), "wishes of user {user}");

    let huddles = equation.huddles.iter();
    let huddles: Vec<(i64, i64)> = huddles
        .map(|huddle| (huddle.id.get(), huddle.channel_id.get()))
        .collect();
    assert_eq!(
        huddles,
        huddles_of(database, user),
        "huddles of user {user}"
    );

    for huddle in &equation.huddles {
        let mut seats: Vec<Seat> = huddle
            .participants
            .iter()
            .map(|one| (one.user_id.get(), one.muted, one.screen, one.hand))
            .collect();
        seats.sort_unstable();
        let id = huddle.id.get();
        assert_eq!(seats, seats_of(database, id), "huddle {id} of user {user}");
    }
}

fn roles_of(database: &Connection, user: i64) -> Vec<(i64, String)> {
    let statement = "SELECT scope_id, role FROM membership
         WHERE kind = 1 AND user_id = ?1 AND to_pos = 9223372036854775807 ORDER BY 1";
    rows(database, statement, [user], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

fn wishes_of(database: &Connection, user: i64) -> Vec<(i64, bool, String)> {
    let statement = "SELECT scope_id, coalesce(muted, 0), coalesce(level, 'all')
         FROM membership LEFT JOIN notify
           ON notify.channel_id = membership.scope_id AND notify.user_id = membership.user_id
         WHERE kind = 2 AND membership.user_id = ?1 AND to_pos = 9223372036854775807
         ORDER BY 1";
    rows(database, statement, [user], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })
}

fn huddles_of(database: &Connection, user: i64) -> Vec<(i64, i64)> {
    let statement = "SELECT huddle.id, huddle.channel_id
         FROM huddle JOIN membership ON membership.scope_id = huddle.channel_id
         WHERE kind = 2 AND user_id = ?1 AND to_pos = 9223372036854775807 ORDER BY 1";
    rows(database, statement, [user], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

fn seats_of(database: &Connection, huddle: i64) -> Vec<Seat> {
    let statement = "SELECT user_id, muted, screen, hand FROM huddle_seat
         WHERE huddle_id = ?1 ORDER BY 1";
    rows(database, statement, [huddle], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })
}

fn rows<T>(
    database: &Connection,
    statement: &str,
    values: impl Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = database.prepare_cached(statement).expect("is SQL");
    let rows = statement.query_map(values, read).expect("reads");
    rows.collect::<Result<_, _>>().expect("reads")
}
