/// The server's sockets, by their names inside its `run` folder: calls, and the link.
pub const RPC_SOCKET: &str = "rpc.sock";
pub const EVENTS_SOCKET: &str = "events.sock";

/// The longest path of a Unix socket, in bytes (unix(7): 108 with the closing zero). With a longer
/// one neither server nor gateway starts.
pub const MAX_SOCKET_PATH: usize = 107;
