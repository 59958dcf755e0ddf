//! Lists, page by page.

use antiphon_api::{
    RpcError,
    limits::{DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT},
};

/// How many entries a page holds: `limit`, if it is in bounds.
pub(super) fn limit_of(limit: Option<u32>) -> Result<usize, RpcError> {
    let limit = limit.unwrap_or(DEFAULT_LIST_LIMIT);
    if (1..=MAX_LIST_LIMIT).contains(&limit) {
        Ok(limit as usize)
    } else {
        let message = format!("expected 1 to {MAX_LIST_LIMIT}");
        Err(RpcError::invalid_param("limit", message))
    }
}

/// The first of `rows`, at most `limit` and as many as weigh `max_bytes` together, but at least one
/// if there is one; and whether there are more.
pub(super) fn up_to<T, E>(
    limit: usize,
    max_bytes: usize,
    rows: impl Iterator<Item = Result<T, E>>,
    weight: impl Fn(&T) -> usize,
) -> Result<(Vec<T>, bool), E> {
    let (mut page, mut bytes) = (Vec::new(), 0);
    for row in rows {
        let row = row?;
        bytes += weight(&row);
        if page.len() == limit || (bytes > max_bytes && !page.is_empty()) {
            return Ok((page, true));
        }
        page.push(row);
    }
    Ok((page, false))
}

/// The same of entries that are small, so that `limit` alone bounds a page.
pub(super) fn first<T, E>(
    limit: usize,
    rows: impl Iterator<Item = Result<T, E>>,
) -> Result<(Vec<T>, bool), E> {
    up_to(limit, usize::MAX, rows, |_| 0)
}
