//! Whether tabs are better sent elsewhere.

use std::{collections::BTreeMap, time::Duration};

use http::{Response, StatusCode};
use serde::Serialize;

use super::respond::{Body, full};
use crate::{
    gateway::Gateway,
    probe::{Arrived, Canary},
};

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    reasons: Vec<&'static str>,
    /// The canary's newest probe that arrived.
    canary: Option<Newest>,
}

#[derive(Serialize)]
struct Newest {
    ms_ago: u128,
    /// In microseconds: `answered_us` and so on; `null` where it is not known.
    #[serde(flatten)]
    hops: BTreeMap<String, Option<u128>>,
}

pub(super) fn answer(gateway: &Gateway) -> Response<Body> {
    let canary = gateway.canary.as_ref();
    let checks = [
        ("draining", *gateway.draining.borrow()),
        ("link_down", !gateway.link.borrow().up),
        ("canary_late", canary.is_some_and(|canary| canary.is_late())),
    ];
    let reasons: Vec<_> = checks
        .into_iter()
        .filter_map(|(reason, holds)| holds.then_some(reason))
        .collect();
    let readiness = Readiness {
        ready: reasons.is_empty(),
        reasons,
        canary: canary.and_then(Canary::newest).map(Newest::from),
    };
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = serde_json::to_vec(&readiness).unwrap_or_default();
    full(status, "application/json", body)
}

impl From<Arrived> for Newest {
    fn from(arrived: Arrived) -> Self {
        let hops = arrived.hops.named(Some).into_iter();
        let micros = |time: Option<Duration>| time.map(|time| time.as_micros());
        Self {
            ms_ago: arrived.at.elapsed().as_millis(),
            hops: hops
                .map(|(hop, time)| (format!("{hop}_us"), micros(time)))
                .collect(),
        }
    }
}
