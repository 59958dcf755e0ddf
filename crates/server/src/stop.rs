use tokio::sync::watch;

/// Resolves when the server has been asked to stop.
pub(crate) async fn asked(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could ask: stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
}
