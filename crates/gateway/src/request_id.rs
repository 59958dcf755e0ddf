//! Names for the requests whose client gave them none.

use antiphon_wire::RequestId;

pub(crate) fn random() -> RequestId {
    RequestId::from_random(getrandom::u64().unwrap_or_default())
}
