//! Columns that are more than a number or a text. One that does not read says which it is.

use rusqlite::{
    Row,
    types::{FromSql, Type},
};

/// A column that may be null, as what `wrap` makes of it.
pub(super) fn optional<S: FromSql, T>(
    row: &Row<'_>,
    index: usize,
    wrap: impl FnOnce(S) -> T,
) -> Result<Option<T>, rusqlite::Error> {
    Ok(row.get::<_, Option<S>>(index)?.map(wrap))
}

/// A text that `parse` knows.
pub(super) fn parsed<T>(
    row: &Row<'_>,
    index: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, rusqlite::Error> {
    known(index, row.get_ref(index)?.as_str()?, parse)
}

/// What a text, or a word of it, of column `index` stands for.
pub(super) fn known<T>(
    index: usize,
    text: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, rusqlite::Error> {
    parse(text).ok_or_else(|| unreadable(index, format!("{text:?} is unknown")))
}

/// A text that is JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
) -> Result<T, rusqlite::Error> {
    serde_json::from_str(row.get_ref(index)?.as_str()?).map_err(|error| unreadable(index, error))
}

fn unreadable(
    index: usize,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, error.into())
}

#[cfg(test)]
mod tests {
    use antiphon_api::{
        entities::{Permission, Role},
        ids::{UnixMs, WorkspaceId},
    };

    use super::{json, optional};
    use crate::families::{empty_database, permission};

    #[test]
    fn json_and_times_that_do_not_read_are_errors_and_null_is_none() {
        let db = empty_database();
        let list = |text| db.query_row("SELECT ?1", [text], |row| json::<Vec<i64>>(row, 0));
        assert_eq!(list("[1]").expect("is a list"), [1]);
        assert!(list("[1").is_err());
        let time = |value| {
            let select = format!("SELECT {value}");
            db.query_row(&select, [], |row| optional(row, 0, UnixMs))
        };
        assert_eq!(time("NULL").expect("is null"), None);
        assert_eq!(time("7").expect("is a number"), Some(UnixMs(7)));
        assert!(time("'x'").is_err());
    }

    #[test]
    fn a_stored_permission_that_is_unknown_is_an_error_and_not_nothing() {
        let db = empty_database();
        db.execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO role_permissions (workspace_id, role, permissions)
             VALUES (1, 'guest', ''), (1, 'member', 'message:send message:sing');",
        )
        .expect("inserts");
        let of = |role| permission::of_role(&db, WorkspaceId(1), role);
        assert_eq!(
            of(Role::Guest).expect("nothing at all"),
            Vec::<Permission>::new()
        );
        let error = of(Role::Member).expect_err("is unknown").to_string();
        assert!(error.contains("message:sing"), "{error}");
    }
}
