//! Whether tabs are better sent elsewhere.

use std::time::Duration;

use http::{Response, StatusCode};
use serde::Serialize;

use super::respond::{Body, full};
use crate::{gateway::Gateway, probe::CanaryState};

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    reasons: Vec<&'static str>,
    /// The canary's newest probe that arrived.
    canary: Option<Arrived>,
}

#[derive(Serialize)]
struct Arrived {
    ms_ago: u128,
    answered_us: u128,
    linked_us: u128,
    delivered_us: u128,
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
        canary: canary.and_then(|canary| newest(&canary.state.borrow())),
    };
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = serde_json::to_vec(&readiness).unwrap_or_default();
    full(status, "application/json", body)
}

fn newest(state: &CanaryState) -> Option<Arrived> {
    state.last.map(|last| Arrived {
        ms_ago: last.at.elapsed().as_millis(),
        answered_us: Duration::as_micros(&last.answered),
        linked_us: Duration::as_micros(&last.linked),
        delivered_us: Duration::as_micros(&last.delivered),
    })
}
