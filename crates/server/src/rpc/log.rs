//! What the log says of a call: who made it, which, how it ended and after how long. Never what is in
//! it: neither params nor results, nor the name of a method that does not exist, which is the
//! caller's own text.

use std::{error::Error, time::Duration};

use antiphon_api::{ErrorCode, RpcError, identity::Identity};
use antiphon_wire::RequestId;
use tracing::Span;

use crate::context::{Caller, Failure};

/// A call that takes longer is warned of.
const SLOW: Duration = Duration::from_secs(1);

/// What every line about a call says beside itself. It is there at every level, for a warning to say
/// what it is about.
pub(super) fn span(request_id: &RequestId, caller: &Caller, method: Option<&'static str>) -> Span {
    let user_id = match caller {
        Caller::User(Identity { user_id, .. }) => Some(user_id.get()),
        Caller::Operator => None,
    };
    tracing::error_span!("call", %request_id, user_id, method)
}

/// A call has ended after `took`, with a result of so many bytes or with an error.
pub(super) fn ended(outcome: Result<usize, &RpcError>, took: Duration) {
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let code = outcome.err().map(|error| error.code);
    if took > SLOW {
        tracing::warn!(code, ms, "a call was slow");
    } else if code.is_some() {
        tracing::debug!(code, ms, "a call was refused");
    } else {
        tracing::debug!(ms, "a call was carried out");
    }
    if let Ok(bytes) = outcome {
        tracing::trace!(bytes, "its result");
    }
}

/// What the caller learns of a failure; the rest goes to the log.
pub(super) fn tell(failure: Failure) -> RpcError {
    if let Failure::Refused(error) = failure {
        return error;
    }
    tracing::error!(error = &failure as &dyn Error, "a call failed");
    if failure.is_of_the_disk() {
        RpcError::unavailable("the database cannot be written", false)
    } else {
        RpcError::new(ErrorCode::Internal, "internal error")
    }
}
