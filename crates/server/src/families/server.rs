use antiphon_api::{
    VERSION,
    method::NoParams,
    methods::server::{Health, HealthResult},
};
use antiphon_store::log;

use crate::{
    context::{Failure, Look},
    rpc::Router,
};

pub(super) fn register(router: Router) -> Router {
    router.query::<Health>(health)
}

fn health(look: &mut Look<'_>, _: NoParams) -> Result<HealthResult, Failure> {
    Ok(HealthResult {
        status: "ok".to_owned(),
        version: VERSION.to_owned(),
        head: log::head(look)?,
        oldest: log::oldest(look)?,
    })
}
