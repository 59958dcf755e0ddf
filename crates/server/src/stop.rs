use std::time::Duration;

use tokio::sync::watch;

/// How long a stop waits for the calls under way and for the peers to take their answers; what is
/// left then is dropped. A call that writes is carried out all the same.
pub(crate) const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Resolves when the server has been asked to stop.
pub(crate) async fn asked(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could ask: stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
}
